//! Permissions as types: a handler that takes `Can<P>` is never entered, and its body never read, by
//! somebody who may not. The command or query asks the core's table once more.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use openautomate_core::permission::{Access, Actor, Permission};

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

/// A person who has the permission `P`, in person or by an API key.
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
