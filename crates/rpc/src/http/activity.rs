//! Notices when a connection was last used.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// When bytes last moved on a connection, and whether a call of it is running.
pub(super) struct Activity {
    start: Instant,
    /// Milliseconds after `start`.
    last: AtomicU64,
    busy: AtomicUsize,
}

/// While it lives, the connection is not idle.
pub(super) struct Busy(Arc<Activity>);

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            start: Instant::now(),
            last: AtomicU64::new(0),
            busy: AtomicUsize::new(0),
        }
    }

    fn touch(&self) {
        let millis = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(millis, Ordering::Relaxed);
    }

    pub(super) fn busy(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    /// When the connection will have been silent for `timeout`, as it looks now.
    pub(super) fn deadline(&self, timeout: Duration) -> Instant {
        let last = match self.busy.load(Ordering::Relaxed) {
            0 => self.start + Duration::from_millis(self.last.load(Ordering::Relaxed)),
            _ => Instant::now(),
        };
        // A time beyond the clock's range never comes; a day is looked at again tomorrow.
        last.checked_add(timeout.min(Duration::from_secs(86_400)))
            .unwrap_or(last)
    }

    pub(super) fn is_idle(&self, timeout: Duration) -> bool {
        let last = self.start + Duration::from_millis(self.last.load(Ordering::Relaxed));
        self.busy.load(Ordering::Relaxed) == 0 && last.elapsed() >= timeout
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.touch();
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A socket that reports its use.
pub(super) struct Watched {
    stream: TcpStream,
    activity: Arc<Activity>,
}

impl Watched {
    pub(super) fn new(stream: TcpStream, activity: Arc<Activity>) -> Self {
        Self { stream, activity }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        if buf.filled().len() > before {
            self.activity.touch();
        }
        Poll::Ready(Ok(()))
    }
}

/// The status line hyper writes by itself for a head above its limits.
const HEAD_TOO_LARGE: &[u8] = b"HTTP/1.1 431 ";
/// What clients of this interface know for it, of the same length.
const BAD_REQUEST: &[u8] = b"HTTP/1.1 400 ";

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        // The server's own replies never have this status, so the line can only be hyper's.
        let written = match bytes.starts_with(HEAD_TOO_LARGE) {
            true => ready!(Pin::new(&mut self.stream).poll_write(cx, BAD_REQUEST))?,
            false => ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?,
        };
        self.activity.touch();
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
