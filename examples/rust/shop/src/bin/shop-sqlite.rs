//! `cargo run -p openautomate-example-shop --bin shop-sqlite`, then
//! `curl -d '{"customer":"Ada","cents":4200}' -H 'Content-Type: application/json' 127.0.0.1:8099/orders`.

use std::path::Path;

use openautomate_example_shop::sqlite::Shop;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    Shop::open(Path::new("shop-data"), Path::new("python3")).await?.serve("127.0.0.1:8099").await
}
