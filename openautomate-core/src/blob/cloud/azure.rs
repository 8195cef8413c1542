//! Azure Blob Storage.

use object_store::azure::{AzureConfigKey, MicrosoftAzure, MicrosoftAzureBuilder};

use super::CloudOptions;
use super::client::{check_endpoint, client, retry, unusable};
use crate::error::Result;

pub(super) fn open(container: &str, options: &CloudOptions) -> Result<MicrosoftAzure> {
    let mut builder = MicrosoftAzureBuilder::from_env()
        .with_container_name(container)
        .with_client_options(client(options))
        .with_retry(retry());
    if let Some(endpoint) = &options.endpoint {
        builder = builder.with_config(AzureConfigKey::Endpoint, endpoint);
    }
    check_endpoint(builder.get_config_value(&AzureConfigKey::Endpoint), options)?;
    builder.build().map_err(unusable)
}
