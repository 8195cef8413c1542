//! What each route asks of its caller, read off the types of its handler's arguments: what stands in the document is
//! what the router checks, since there is no second place where it is said.

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use openautomate_core::permission::Permission;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::Paths;

use crate::extract::{
    AgentLine, Body, Caller, CallerOrKey, Can, CanInPerson, CanSomewhere, Certified, Enrolling,
    EnrollingOrKey, HookSender, IdempotencyKey, IfMatch, InSession, LedVisitor, LinkedAgent, LiveCaller,
    Needed, PageQuery, Path, Query, Returning, Visitor,
};
use crate::state::AppState;

/// The name of the extension in the document.
pub(crate) const X_PERMISSION: &str = "x-permission";

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RouteAccess {
    /// Nothing, or a proof in the request itself.
    Public,
    /// To be signed in, in person or by an API key.
    SignedIn,
    /// To be signed in, in person.
    InPerson,
    /// To be the agent that the path names.
    Agent,
    /// A permission.
    Permission(Permission),
    /// A permission, in the environment of what is asked for.
    PermissionByEnvironment(Permission),
    /// A permission, in person.
    PermissionInPerson(Permission),
}

impl RouteAccess {
    fn name(self) -> String {
        match self {
            Self::Public => "public".to_owned(),
            Self::SignedIn => "signedIn".to_owned(),
            Self::InPerson => "inPerson".to_owned(),
            Self::Agent => "agent".to_owned(),
            Self::Permission(permission) => format!("{permission:?}"),
            Self::PermissionByEnvironment(permission) => format!("{permission:?} byEnvironment"),
            Self::PermissionInPerson(permission) => format!("{permission:?} inPerson"),
        }
    }
}

impl<P: Needed> Argument for CanInPerson<P> {
    const ACCESS: Option<RouteAccess> = Some(RouteAccess::PermissionInPerson(P::PERMISSION));
}

impl<P: Needed> Argument for CanSomewhere<P> {
    const ACCESS: Option<RouteAccess> = Some(RouteAccess::PermissionByEnvironment(P::PERMISSION));
}

/// An argument of a handler, and what it asks of the caller.
pub(crate) trait Argument {
    const ACCESS: Option<RouteAccess>;
}

macro_rules! asks_nothing {
    ($($argument:ty),* $(,)?) => {$(
        impl Argument for $argument {
            const ACCESS: Option<RouteAccess> = None;
        }
    )*};
}

asks_nothing! { State<AppState>, AgentLine, Certified, HeaderMap, Request, WebSocketUpgrade, IdempotencyKey, IfMatch, PageQuery }

macro_rules! holders_ask_nothing {
    ($($holder:ident)*) => {$(
        impl<T> Argument for $holder<T> {
            const ACCESS: Option<RouteAccess> = None;
        }
    )*};
}

holders_ask_nothing! { Path Query Body Option }

impl<T, E> Argument for Result<T, E> {
    const ACCESS: Option<RouteAccess> = None;
}

macro_rules! asks {
    ($($argument:ty = $access:ident;)*) => {$(
        impl Argument for $argument {
            const ACCESS: Option<RouteAccess> = Some(RouteAccess::$access);
        }
    )*};
}

asks! {
    Visitor = Public;
    LedVisitor = Public;
    Returning = Public;
    HookSender = Public;
    CallerOrKey = SignedIn;
    LiveCaller = SignedIn;
    EnrollingOrKey = SignedIn;
    Caller = InPerson;
    Enrolling = InPerson;
    InSession = InPerson;
    LinkedAgent = Agent;
}

impl<P: Needed> Argument for Can<P> {
    const ACCESS: Option<RouteAccess> = Some(RouteAccess::Permission(P::PERMISSION));
}

/// A handler, and what its first argument that asks something asks.
pub(crate) trait Handler<Arguments> {
    const ACCESS: Option<RouteAccess>;
}

macro_rules! handlers {
    ($(($($argument:ident)*))*) => {$(
        impl<F, Fut, $($argument: Argument),*> Handler<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> Fut,
        {
            const ACCESS: Option<RouteAccess> = {
                let asked: &[Option<RouteAccess>] = &[$($argument::ACCESS),*];
                let mut first = None;
                let mut index = 0;
                while index < asked.len() {
                    if first.is_none() {
                        first = asked[index];
                    }
                    index += 1;
                }
                first
            };
        }
    )*};
}

handlers! { () (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E G) (A B C D E G H) (A B C D E G H I) }

/// What a handler asks of its caller.
pub(crate) fn asked_by<A, H: Handler<A>>(_: &H) -> Option<RouteAccess> {
    H::ACCESS
}

/// Writes into the operation of a handler what it asks of its caller.
pub(crate) fn note(paths: &mut Paths, handler: &str, access: Option<RouteAccess>) {
    let Some(access) = access else { return };
    // A handler may stand in another module: `explain :: explain`.
    let name = handler.rsplit("::").next().unwrap_or(handler).trim();
    for item in paths.paths.values_mut() {
        let methods = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete];
        for operation in methods.into_iter().flatten() {
            if operation.operation_id.as_deref() == Some(name) {
                let extensions = operation.extensions.get_or_insert_with(Extensions::default);
                extensions.insert(X_PERMISSION.to_owned(), access.name().into());
            }
        }
    }
}

/// As `utoipa_axum::routes`; the document says besides what each handler asks of its caller.
macro_rules! routes {
    ($($handler:path),+ $(,)?) => {{
        let (schemas, mut paths, methods) = ::utoipa_axum::routes!($($handler),+);
        $($crate::access::note(&mut paths, stringify!($handler), $crate::access::asked_by(&$handler));)+
        (schemas, paths, methods)
    }};
}
pub(crate) use routes;
