//! What the vault sealed.

use async_trait::async_trait;
use openautomate_core::error::Result as CoreResult;
use openautomate_core::store::{Resealed, SealedCount, SealedKind, SealedValue, VaultKey, VaultStore};
use uuid::Uuid;

use super::transact::{Operation, transact};
use super::{PostgresDriver, PostgresStore};
use crate::driver::Connection;
use crate::error::Result;
use crate::vault;

#[async_trait]
impl<P: PostgresDriver> VaultStore for PostgresStore<P> {
    async fn vault_keys(&self) -> CoreResult<Vec<VaultKey>> {
        Ok(vault::keys(&self.pool).await?)
    }

    async fn sealed_counts(&self) -> CoreResult<Vec<SealedCount>> {
        let mut counts = Vec::new();
        for kind in SealedKind::ALL {
            counts.extend(vault::counts(kind, &self.pool).await?);
        }
        Ok(counts)
    }

    async fn sealed_values(
        &self,
        kind: SealedKind,
        except: Option<u32>,
        after: Uuid,
        limit: u32,
    ) -> CoreResult<Vec<SealedValue>> {
        Ok(vault::values(kind, except, after, limit, &self.pool).await?)
    }

    async fn reseal(&self, values: Vec<Resealed>) -> CoreResult<u64> {
        Ok(transact(&Reseal(values), &self.pool).await?)
    }
}

struct Reseal(Vec<Resealed>);

impl Operation for Reseal {
    type Output = u64;

    async fn run<C: Connection>(&self, connection: &mut C) -> Result<u64> {
        vault::reseal(&self.0, connection).await
    }
}
