//! The body of a request to `serve`.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Bytes;
use hyper::body::{Body, Frame};

use crate::limits::Limit;
use crate::limits::feeds::{Feed, LARGE};
use crate::serve;

/// A request body with the input.
struct Fed {
    feed: Feed,
    sent: usize,
    wait: Pin<Box<tokio::time::Sleep>>,
}

impl Body for Fed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        const CHUNK: usize = 64 << 10;
        let length = match self.feed {
            Feed::Large if self.sent >= LARGE => return Poll::Ready(None),
            Feed::Large | Feed::Endless => CHUNK,
            Feed::Slow => {
                ready!(self.wait.as_mut().poll(context));
                self.wait = Box::pin(tokio::time::sleep(Duration::from_secs(1)));
                1
            }
        };
        self.sent += length;
        Poll::Ready(Some(Ok(Frame::data(vec![b'x'; length].into()))))
    }
}

pub(super) fn read(limit: &Limit, feed: Feed) -> Result<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }
        .enable_all()
        .build()
        .map_err(|it| it.to_string())?;
    runtime.block_on(async {
        let wait = Box::pin(tokio::time::sleep(Duration::from_secs(1)));
        let source = Fed {
            feed,
            sent: 0,
            wait,
        };
        let read = serve::read_up_to(axum::body::Body::new(source), limit).await;
        read.map(|_| "read".to_owned()).map_err(|it| it.to_string())
    })
}
