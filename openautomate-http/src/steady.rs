//! Bodies that have to come at a pace.
//!
//! An upload may take as long as it takes, so no limit of time ends one whose client sends a byte now and then to hold a
//! connection, a file and a place. What is counted is the time for which the server waits for the client, never the time
//! for which the client waits for the server.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Error;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use crate::state::AppState;

struct Steady {
    body: Body,
    grace: Duration,
    /// Bytes a second.
    rate: u32,
    came: u64,
    waited: Duration,
    /// Since when the client is waited for, and until when it may take.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Steady {
    /// How long the client may have been waited for, with what has come.
    fn allowed(&self) -> Duration {
        self.grace + Duration::from_secs_f64(self.came as f64 / f64::from(self.rate))
    }
}

/// Gives up uploads that come too slowly.
pub(crate) async fn steady(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let options = state.options();
    let (grace, rate) = (options.upload_grace, options.min_upload_rate.max(1));
    let steady =
        |body| Body::new(Steady { body, grace, rate, came: 0, waited: Duration::ZERO, waiting: None });
    next.run(request.map(steady)).await
}

impl HttpBody for Steady {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            if let Some((since, _)) = self.waiting.take() {
                self.waited += since.elapsed();
            }
            if let Some(Ok(frame)) = &frame {
                self.came += frame.data_ref().map_or(0, |data| data.len() as u64);
            }
            return Poll::Ready(frame);
        }
        let left = self.allowed().saturating_sub(self.waited);
        let (_, until) =
            self.waiting.get_or_insert_with(|| (Instant::now(), Box::pin(tokio::time::sleep(left))));
        match until.as_mut().poll(context) {
            Poll::Ready(()) => {
                let slow = io::Error::new(io::ErrorKind::TimedOut, "the body comes too slowly");
                Poll::Ready(Some(Err(Error::new(slow))))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt as _;

    /// How long a body lives that brings so many bytes each second; `None` if it is read to its end.
    async fn life(bytes: usize, seconds: u64) -> Option<u64> {
        let pieces = futures_util::stream::unfold(0, move |second| async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            (second < seconds).then(|| (Ok::<_, io::Error>(vec![0_u8; bytes]), second + 1))
        });
        let steady = Steady {
            body: Body::from_stream(pieces),
            grace: Duration::from_secs(10),
            rate: 1024,
            came: 0,
            waited: Duration::ZERO,
            waiting: None,
        };
        let begun = Instant::now();
        let mut read = Body::new(steady).into_data_stream();
        while let Some(piece) = read.next().await {
            if piece.is_err() {
                return Some(begun.elapsed().as_secs());
            }
        }
        None
    }

    #[tokio::test(start_paused = true)]
    async fn a_trickle_is_given_up_and_a_slow_line_is_not() {
        assert_eq!(life(1, 100).await, Some(10));
        assert_eq!(life(512, 100).await, Some(19));
        assert_eq!(life(1024, 300).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_is_not_the_senders_fault() {
        let piece = || Ok::<_, io::Error>(vec![0_u8; 1]);
        let steady = Steady {
            body: Body::from_stream(futures_util::stream::iter((0..5).map(move |_| piece()))),
            grace: Duration::from_secs(1),
            rate: 1024,
            came: 0,
            waited: Duration::ZERO,
            waiting: None,
        };
        let mut read = Body::new(steady).into_data_stream();
        while let Some(piece) = read.next().await {
            piece.unwrap();
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
    }
}
