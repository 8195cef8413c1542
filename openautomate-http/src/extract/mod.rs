//! What handlers take out of a request.

mod actor;
mod allowed;
mod etag;
mod idempotency;
mod json;
mod page;
mod path;
mod sealing;

pub(crate) use actor::{
    Caller, CallerOrKey, Certified, Enrolling, EnrollingOrKey, HookSender, InSession, LedVisitor,
    LinkedAgent, LiveCaller, Returning, Visitor,
};
pub(crate) use allowed::{Can, CanInPerson, CanSomewhere, Needed, may};
pub(crate) use etag::{IfMatch, Tagged, not_modified_if_known, revision_of};
pub(crate) use idempotency::IdempotencyKey;
pub(crate) use json::{Body, is_json};
pub(crate) use page::{Listed, PageParams, PageQuery, Query};
pub(crate) use path::Path;
pub(crate) use sealing::AgentLine;
