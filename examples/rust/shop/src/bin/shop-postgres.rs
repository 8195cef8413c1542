//! `DATABASE_URL=postgres://… cargo run -p openautomate-example-shop --bin shop-postgres`, then as with `shop-sqlite`.

use std::path::Path;

use anyhow::Context as _;
use openautomate_example_shop::postgres::Shop;
use sqlx::PgPool;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let address = std::env::var("DATABASE_URL").context("DATABASE_URL names no database")?;
    let pool = PgPool::connect(&address).await?;
    let joint = if address.contains('?') { '&' } else { '?' };
    let store = format!("{address}{joint}schema=openautomate");
    let shop = Shop::open(pool, &store, Path::new("shop-data"), Path::new("python3")).await?;
    shop.serve("127.0.0.1:8099").await
}
