//! Bodies that are read on after their request was refused.
//!
//! Whoever sends a body that is too large, or for a lease that is stale, is answered before all of it was sent. A
//! server that then closes the connection makes the client's system throw the answer away with it (RFC 9112, 9.6),
//! and the client sees a connection that broke, which it tries again, in place of what was wrong. So what is left is
//! read and dropped for a while.

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Error;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header::EXPECT;
use futures_util::StreamExt as _;
use http_body::{Frame, SizeHint};
use tokio::runtime::Handle;

/// How long a client may go on to send what nobody wants.
const LONGEST: Duration = Duration::from_secs(10);
/// How much of it.
const MOST: u64 = 64 << 20;

/// The body of a request, of which the rest is read when it is dropped.
struct Lingering {
    body: Body,
    /// Whether it is on its way: who asked first (RFC 9110, 10.1.1) and got no answer sends nothing.
    is_sent: bool,
}

/// Has the rest of the request's body read once its handler wants no more of it.
pub(crate) fn linger(request: Request) -> Request {
    if request.body().is_end_stream() {
        return request;
    }
    let is_sent = !request.headers().contains_key(EXPECT);
    request.map(|body| Body::new(Lingering { body, is_sent }))
}

impl HttpBody for Lingering {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.is_sent = true;
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        if self.is_sent
            && !self.body.is_end_stream()
            && let Ok(runtime) = Handle::try_current()
        {
            let rest = mem::take(&mut self.body);
            runtime.spawn(tokio::time::timeout(LONGEST, read(rest)));
        }
    }
}

async fn read(rest: Body) {
    let mut rest = rest.into_data_stream();
    let mut read = 0;
    while read <= MOST
        && let Some(Ok(data)) = rest.next().await
    {
        read += data.len() as u64;
    }
}
