//! Permissions as types: a handler that takes `Can<P>` is never entered, and its body never read, by
//! somebody who may not. The command or query asks the core's table once more.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use openautomate_core::Error;
use openautomate_core::id::EnvironmentId;
use openautomate_core::permission::{
    Access, Actor, Environments, Permission, authorize_somewhere, authorize_thing,
};
use openautomate_core::query::within::{merged, sifted};
use openautomate_core::query::{Page, PageRequest};
use uuid::Uuid;

use super::{Caller, CallerOrKey};
use crate::problem::Problem;
use crate::state::AppState;

/// A permission as a type.
pub(crate) trait Needed: Send {
    const PERMISSION: Permission;
}

macro_rules! permissions {
    ($($name:ident)*) => {
        /// One type for each permission that routes ask for.
        pub(crate) mod may {
            $(#[derive(Debug)] pub(crate) enum $name {})*
        }
        $(impl Needed for may::$name {
            const PERMISSION: Permission = Permission::$name;
        })*
    };
}

permissions! {
    ManageUsers EnrolAgents ManageAgents ReadAgents WritePackages DeployVersions DeletePackages ReadPackages
    DownloadPackages RunExecutions CancelExecutions ReadExecutions WriteSchedules ReadSchedules WriteTriggers
    ReadTriggers AnswerApprovals WriteAssets ReadAssets WriteQueues WriteWorkItems ReadQueues ReadEnvironments
    ManageEnvironments ReadAudit ManageCalendars ManageReleases PauseEnvironments ManageBuckets WriteObjects
    ReadObjects
}

/// A person who has the permission `P` everywhere, in person or by an API key. A route that takes this refuses whoever has
/// it in some environments only: what it shows or does is of none, or it was not taught to tell them apart.
#[derive(Debug)]
pub(crate) struct Can<P>(pub(crate) Actor, pub(crate) PhantomData<P>);

impl<P: Needed> FromRequestParts<AppState> for Can<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let CallerOrKey(actor) = CallerOrKey::from_request_parts(parts, state).await?;
        state.orchestrator().authorize(&actor, Access::Permission(P::PERMISSION))?;
        Ok(Self(actor, PhantomData))
    }
}

/// A person who has the permission `P` in some environments, or everywhere, in person or by an API key. The handler
/// shows nothing of other environments; what it changes is up to the command, which asks by itself.
#[derive(Debug)]
pub(crate) struct CanSomewhere<P> {
    pub(crate) actor: Actor,
    /// Where they have it.
    pub(crate) environments: Environments,
    needed: PhantomData<P>,
}

impl<P: Needed> CanSomewhere<P> {
    /// Whether they have it in this environment.
    pub(crate) fn is_theirs(&self, environment: EnvironmentId) -> bool {
        self.environments.contains(environment)
    }

    /// Checks that they have it in the environment of a thing.
    ///
    /// # Errors
    /// What `missing` says, if they may not even see it; else `Forbidden`.
    pub(crate) fn check(
        &self,
        environment: EnvironmentId,
        missing: impl FnOnce() -> Error,
    ) -> Result<(), Error> {
        authorize_thing(&self.actor, P::PERMISSION, environment, missing)
    }
}

impl<P: Needed> CanSomewhere<P> {
    /// A page of a list that can be asked for by environment. Of an environment that is not theirs it is empty, as of one
    /// that is not there.
    ///
    /// # Errors
    /// Those of `fetch`.
    pub(crate) async fn page<T, F, Fut>(
        &self,
        (asked, page): (Option<EnvironmentId>, PageRequest),
        id: impl Fn(&T) -> Uuid,
        fetch: F,
    ) -> Result<Page<T>, Error>
    where
        F: Fn(Option<EnvironmentId>, PageRequest) -> Fut,
        Fut: Future<Output = Result<Page<T>, Error>>,
    {
        match (&self.environments, asked) {
            (Environments::Everywhere, asked) => fetch(asked, page).await,
            (Environments::Only(theirs), Some(one)) if theirs.contains(&one) => fetch(Some(one), page).await,
            (Environments::Only(_), Some(_)) => Ok(Page { items: Vec::new(), next: None }),
            (Environments::Only(theirs), None) => {
                merged(theirs, page, id, |one, page| fetch(Some(one), page)).await
            }
        }
    }

    /// A page of a list that is short and can't be asked for by environment.
    ///
    /// # Errors
    /// Those of `fetch`.
    pub(crate) async fn sift<T, F, Fut>(
        &self,
        page: PageRequest,
        id: impl Fn(&T) -> Uuid,
        environment: impl Fn(&T) -> EnvironmentId,
        fetch: F,
    ) -> Result<Page<T>, Error>
    where
        F: Fn(PageRequest) -> Fut,
        Fut: Future<Output = Result<Page<T>, Error>>,
    {
        match self.environments {
            Environments::Everywhere => fetch(page).await,
            Environments::Only(_) => sifted(page, id, |item| self.is_theirs(environment(item)), fetch).await,
        }
    }
}

impl<P: Needed> FromRequestParts<AppState> for CanSomewhere<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let CallerOrKey(actor) = CallerOrKey::from_request_parts(parts, state).await?;
        let environments = authorize_somewhere(&actor, Access::Permission(P::PERMISSION))?;
        Ok(Self { actor, environments, needed: PhantomData })
    }
}

/// A person who has the permission `P`, in person: for what changes who may what.
#[derive(Debug)]
pub(crate) struct CanInPerson<P>(pub(crate) Actor, pub(crate) PhantomData<P>);

impl<P: Needed> FromRequestParts<AppState> for CanInPerson<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let Caller(actor) = Caller::from_request_parts(parts, state).await?;
        state.orchestrator().authorize(&actor, Access::PermissionInPerson(P::PERMISSION))?;
        Ok(Self(actor, PhantomData))
    }
}
