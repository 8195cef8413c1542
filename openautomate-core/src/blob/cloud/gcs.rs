//! Google Cloud Storage.

use object_store::gcp::{GoogleCloudStorage, GoogleCloudStorageBuilder, GoogleConfigKey};

use super::CloudOptions;
use super::client::{check_endpoint, client, retry, unusable};
use crate::error::Result;

pub(super) fn open(bucket: &str, options: &CloudOptions) -> Result<GoogleCloudStorage> {
    let mut builder = GoogleCloudStorageBuilder::from_env()
        .with_bucket_name(bucket)
        .with_client_options(client(options))
        .with_retry(retry());
    if let Some(endpoint) = &options.endpoint {
        builder = builder.with_config(GoogleConfigKey::BaseUrl, endpoint);
    }
    check_endpoint(builder.get_config_value(&GoogleConfigKey::BaseUrl), options)?;
    builder.build().map_err(unusable)
}
