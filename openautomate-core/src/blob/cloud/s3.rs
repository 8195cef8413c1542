//! S3, and the many servers that speak like it.

use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};

use super::CloudOptions;
use super::client::{check_endpoint, client, retry, unusable};
use crate::error::Result;

pub(super) fn open(bucket: &str, options: &CloudOptions) -> Result<AmazonS3> {
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        .with_client_options(client(options))
        .with_retry(retry())
        // Not all that speak like S3 know it, and nothing here deletes many at once.
        .with_disable_bulk_delete(true);
    if let Some(endpoint) = &options.endpoint {
        builder = builder.with_config(AmazonS3ConfigKey::S3Endpoint, endpoint);
    }
    for key in [AmazonS3ConfigKey::S3Endpoint, AmazonS3ConfigKey::Endpoint] {
        check_endpoint(builder.get_config_value(&key), options)?;
    }
    builder.build().map_err(unusable)
}
