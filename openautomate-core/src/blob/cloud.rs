//! Blobs in a bucket that an address names: S3 and what speaks like it, Google Cloud Storage, Azure.

use std::fmt;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::path::Path as ObjectPath;
use object_store::prefix::PrefixStore;

use super::ObjectBlobStore;
use crate::error::{Error, Result};

#[cfg(feature = "object-store-azure")]
mod azure;
#[cfg(any(feature = "object-store-s3", feature = "object-store-gcs", feature = "object-store-azure"))]
mod client;
#[cfg(feature = "object-store-gcs")]
mod gcs;
#[cfg(feature = "object-store-s3")]
mod s3;

/// How a bucket is reached, where it is not the provider's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CloudOptions {
    /// The address of the service, as in `https://minio.example.org:9000`.
    pub endpoint: Option<String>,
    /// Whether that may be plain HTTP: whoever is in between then reads and changes what goes over it.
    pub allow_http: bool,
}

/// Where a bucket is: `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Address {
    service: Service,
    bucket: String,
    prefix: ObjectPath,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    S3,
    Gcs,
    Azure,
}

impl ObjectBlobStore {
    /// Blobs in a bucket: `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`.
    ///
    /// Credentials, region and account are taken from the provider's usual environment variables
    /// (`AWS_ACCESS_KEY_ID`, `GOOGLE_APPLICATION_CREDENTIALS`, `AZURE_STORAGE_ACCOUNT_NAME` and their
    /// neighbours) or from the machine's role. Nothing is sent yet; [`probe`](super::probe) finds out whether they
    /// are right.
    ///
    /// Requests that fail by the network or the service are repeated for a minute at most. Parts of a write that
    /// was cut off by a crash stay in the bucket; a lifecycle rule of the bucket removes them.
    ///
    /// # Errors
    /// `Invalid` with `blob.address` for another address or for plain HTTP that was not allowed, `Unsupported` if
    /// this build lacks the feature for the service.
    pub fn from_url(url: &str, options: &CloudOptions) -> Result<Self> {
        let address = Address::parse(url)?;
        let objects = open(&address, options)?;
        Ok(Self::from_store(Arc::new(PrefixStore::new(objects, address.prefix))))
    }
}

fn open(address: &Address, options: &CloudOptions) -> Result<Arc<dyn ObjectStore>> {
    match (address.service, options) {
        #[cfg(feature = "object-store-s3")]
        (Service::S3, options) => Ok(Arc::new(s3::open(&address.bucket, options)?)),
        #[cfg(feature = "object-store-gcs")]
        (Service::Gcs, options) => Ok(Arc::new(gcs::open(&address.bucket, options)?)),
        #[cfg(feature = "object-store-azure")]
        (Service::Azure, options) => Ok(Arc::new(azure::open(&address.bucket, options)?)),
        #[cfg(not(all(
            feature = "object-store-s3",
            feature = "object-store-gcs",
            feature = "object-store-azure"
        )))]
        (other, _) => {
            let message = format!("this build keeps no blobs in {other}; take one with that feature");
            Err(Error::new(crate::ErrorKind::Unsupported, "blob.service", message))
        }
    }
}

impl Address {
    fn parse(url: &str) -> Result<Self> {
        // The address is not repeated: somebody may have put a password into it.
        let wrong = |why: &str| {
            let form = "s3://bucket/prefix, gs://bucket/prefix or az://container/prefix";
            Error::invalid("blob.address", format!("the address of the blobs {why}; write {form}"))
        };
        let (scheme, rest) = url.split_once("://").ok_or_else(|| wrong("has no scheme"))?;
        let service = match scheme {
            "s3" => Service::S3,
            "gs" => Service::Gcs,
            "az" => Service::Azure,
            _ => return Err(wrong("is of no service that is known")),
        };
        if rest.contains(['@', '?', '#']) {
            let why = "has more than a bucket and a prefix (credentials come from the environment)";
            return Err(wrong(why));
        }
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if bucket.is_empty() || !bucket.chars().all(is_plain) {
            return Err(wrong("names no bucket"));
        }
        let prefix = ObjectPath::parse(prefix).map_err(|_| wrong("has a prefix that is no path"))?;
        Ok(Self { service, bucket: bucket.to_owned(), prefix })
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::S3 => "S3",
            Self::Gcs => "Google Cloud Storage",
            Self::Azure => "Azure",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let read = |url| Address::parse(url).unwrap();
        let address = read("s3://invoices/openautomate/blobs");
        assert_eq!((address.service, &*address.bucket), (Service::S3, "invoices"));
        assert_eq!(address.prefix.as_ref(), "openautomate/blobs");
        for (url, service) in
            [("s3://b", Service::S3), ("gs://b/", Service::Gcs), ("az://b_c.d/", Service::Azure)]
        {
            assert_eq!((read(url).service, read(url).prefix.as_ref()), (service, ""), "{url}");
        }
    }

    #[test]
    fn other_addresses_are_refused_and_not_shown() {
        for url in [
            "",
            "bucket",
            "/var/blobs",
            "s3:bucket",
            "s3://",
            "s3:///prefix",
            "file:///var/blobs",
            "http://s3.amazonaws.com/bucket",
            "S3://bucket",
            "s3://key:hunter2@bucket/prefix",
            "s3://bucket/prefix?secret=hunter2",
            "az://container/prefix#hunter2",
            "s3://buck et/prefix",
            "s3://bucket/../other",
            "s3://bucket/a//b",
            "s3://bucket:9000/a",
        ] {
            let error = ObjectBlobStore::from_url(url, &CloudOptions::default()).unwrap_err();
            assert_eq!(error.code(), "blob.address", "{url}");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{url}");
        }
    }
}
