//! Blobs in a bucket, on a real S3-compatible server: the suite, and how the program takes to what is wrong.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;

use async_trait::async_trait;
use openautomate_core::blob::{BlobStore, CloudOptions, ObjectBlobStore};
use openautomate_core::conformance::fixture::BlobFixture;
use uuid::Uuid;

use crate::binary::{program, refused};

/// Where an S3-compatible server is; `.ci/s3` starts one.
fn endpoint() -> String {
    std::env::var("OPENAUTOMATE_TEST_S3").unwrap_or_else(|_| {
        panic!("OPENAUTOMATE_TEST_S3 names no S3-compatible server; run the tests by .ci/s3, as make does")
    })
}

fn options(endpoint: &str) -> CloudOptions {
    CloudOptions { endpoint: Some(endpoint.to_owned()), allow_http: true }
}

struct BucketFixture {
    bucket: String,
    client: reqwest::Client,
}

impl BucketFixture {
    fn open_store(&self) -> ObjectBlobStore {
        let url = format!("s3://{}/some/prefix", self.bucket);
        ObjectBlobStore::from_url(&url, &options(&endpoint())).unwrap()
    }
}

#[async_trait]
impl BlobFixture for BucketFixture {
    async fn open() -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let bucket = format!("suite-{}", Uuid::now_v7());
        let client = reqwest::Client::new();
        let made = client.put(format!("{}/{bucket}", endpoint())).send().await.unwrap();
        assert!(made.status().is_success(), "{made:?}");
        Self { bucket, client }
    }

    fn store(&self) -> Arc<dyn BlobStore> {
        Arc::new(self.open_store())
    }

    async fn peer(&self) -> Arc<dyn BlobStore> {
        Arc::new(self.open_store())
    }

    async fn reopen(self) -> Self {
        self
    }

    async fn gone(&self) -> Option<Arc<dyn BlobStore>> {
        // A port that was free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let options = options(&format!("http://127.0.0.1:{port}"));
        Some(Arc::new(ObjectBlobStore::from_url("s3://bucket", &options).unwrap()))
    }

    async fn leftovers(&self) -> usize {
        let url = format!("{}/{}?uploads", endpoint(), self.bucket);
        let listed = self.client.get(url).send().await.unwrap().error_for_status().unwrap();
        listed.text().await.unwrap().matches("<UploadId>").count()
    }

    fn keeps_in_memory(&self) -> bool {
        false
    }
}

openautomate_core::blob_conformance!(s3, BucketFixture);

#[test]
fn a_bucket_that_is_not_there_is_told_in_a_line() {
    let dir = tempfile::tempdir().unwrap();
    let output = program()
        .args(["--listen", "127.0.0.1:0", "--blobs", "s3://no-such-bucket/prefix"])
        .args(["--blobs-allow-http", "--blobs-endpoint", &endpoint(), "--data-dir"])
        .arg(dir.path().join("data"))
        .output()
        .unwrap();
    let line = refused(&output);
    assert!(line.contains("s3://no-such-bucket/prefix") && line.contains("is not there"), "{line}");
}

#[test]
fn plain_http_takes_a_word() {
    let dir = tempfile::tempdir().unwrap();
    // Also where the endpoint comes from the provider's own variable.
    for (flags, variable) in
        [(&["--blobs-endpoint", "http://127.0.0.1:1"][..], ""), (&[][..], "http://127.0.0.1:1")]
    {
        let mut command = program();
        command.args(["--listen", "127.0.0.1:0", "--blobs", "s3://bucket", "--data-dir"]);
        command.arg(dir.path().join("data")).args(flags);
        if !variable.is_empty() {
            command.env("AWS_ENDPOINT_URL", variable);
        }
        let line = refused(&command.output().unwrap());
        assert!(line.contains("not https"), "{line}");
    }
}

/// Answers every request as S3 does to wrong credentials, with what it makes of the request.
fn refusing_service() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let Ok(mut connection) = connection else { break };
            let mut request = [0; 8_192];
            let _ = connection.read(&mut request);
            let body = "<Error><Code>SignatureDoesNotMatch</Code><StringToSign>AWS4-HMAC-SHA256 told-to-nobody</StringToSign></Error>";
            let length = body.len();
            let _ = write!(
                connection,
                "HTTP/1.1 403 Forbidden\r\nContent-Type: application/xml\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
        }
    });
    url
}

#[test]
fn wrong_credentials_are_told_in_a_line_without_them() {
    let dir = tempfile::tempdir().unwrap();
    let output = program()
        .args(["--listen", "127.0.0.1:0", "--blobs", "s3://bucket/prefix"])
        .args(["--blobs-allow-http", "--blobs-endpoint", &refusing_service(), "--data-dir"])
        .arg(dir.path().join("data"))
        .env("AWS_ACCESS_KEY_ID", "the-key-id")
        .env("AWS_SECRET_ACCESS_KEY", "hunter2hunter2")
        .env("RUST_LOG", "debug")
        .output()
        .unwrap();
    let line = refused(&output);
    assert!(line.contains("refuses the credentials"), "{line}");
    let all = String::from_utf8([output.stderr, output.stdout].concat()).unwrap();
    for secret in ["hunter2", "told-to-nobody", "the-key-id"] {
        assert!(!all.contains(secret), "{secret} is in {all}");
    }
}
