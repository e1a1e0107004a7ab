//! The two ends of one connection, as `capnp-rpc` wants them: framing, buffers, budgets.
//!
//! `capnp-rpc` brings such a network of its own. Ours counts bytes and calls and stops reading at
//! a limit, never allocates by a claimed size, writes waiting messages together, and wipes what
//! held a secret.

mod frame;
mod size;
mod socket;
mod trace;
mod wipe;

use std::cell::{Cell, RefCell};
use std::collections::{HashSet, VecDeque};
use std::io;
use std::rc::Rc;
use std::time::Duration;

use capnp::capability::Promise;
use capnp::message::{Builder, HeapAllocator, Reader};
use capnp_rpc::rpc_capnp;
use capnp_rpc::rpc_twoparty_capnp::Side;
use futures::FutureExt;
use futures::future::Shared;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use frame::{Frame, FrameReader, Next};
pub(crate) use size::abort;
pub(crate) use socket::split;

use crate::server::Abort;
use crate::types::{LARGE_MESSAGE, Limits};

/// First segment of a message whose size nobody guesses, in words.
const MIN_FIRST_SEGMENT: u32 = 128;
/// How much is written together.
const WRITE_BATCH: usize = 64 << 10;
/// How long the last messages (the reason of an end among them) may take.
const FLUSH_TIME: Duration = Duration::from_secs(2);
/// What every reader of Cap'n Proto takes unless told otherwise; larger messages of a stranger end the connection.
const USUAL_MESSAGE: u64 = 64 << 20;

type Message = Builder<HeapAllocator>;

/// What both directions of a connection share: the queue of messages out, and the budget.
pub(crate) struct Link {
    queue: RefCell<VecDeque<Rc<Message>>>,
    queued_bytes: Cell<usize>,
    calls: Cell<u32>,
    /// Calls that are at work here.
    executing: Cell<u32>,
    limits: Limits,
    /// Whether the budget is enforced; not towards a parent or child, who must never be cut off.
    enforced: bool,
    /// Largest message that the other side takes.
    outgoing: watch::Sender<u64>,
    /// Questions that were too large to be sent.
    unsent: RefCell<HashSet<u32>>,
    /// Their answers, on their way to the asker.
    answered_here: RefCell<VecDeque<Message>>,
    trace: trace::Trace,
    /// Whether a whole message has come.
    heard: Cell<bool>,
    /// Set where the other side takes nothing any more.
    deaf: Cell<bool>,
    /// Set when nothing more will be queued.
    finishing: Cell<bool>,
    broken: RefCell<Option<String>>,
    /// Set while reading waits for room, which is told of everything that moves.
    waits_for_room: Cell<bool>,
    writer_wake: Notify,
    reader_wake: Notify,
}

impl Link {
    /// A link with somebody who came to a listener: held to `limits`.
    pub(crate) fn guarded(limits: Limits) -> Rc<Self> {
        Self::new(limits, true)
    }

    /// A link with a parent, a child, or a server that this program chose: never cut off, and large messages pass.
    pub(crate) fn trusted(limits: Limits) -> Rc<Self> {
        let limits = Limits {
            message_bytes: limits.message_bytes.max(LARGE_MESSAGE),
            ..limits
        };
        Self::new(limits, false)
    }

    fn new(limits: Limits, enforced: bool) -> Rc<Self> {
        Rc::new(Self {
            queue: RefCell::default(),
            queued_bytes: Cell::new(0),
            calls: Cell::new(0),
            executing: Cell::new(0),
            limits,
            enforced,
            outgoing: watch::Sender::new(USUAL_MESSAGE),
            unsent: RefCell::default(),
            answered_here: RefCell::default(),
            trace: trace::Trace::default(),
            heard: Cell::new(false),
            deaf: Cell::new(false),
            finishing: Cell::new(false),
            broken: RefCell::new(None),
            waits_for_room: Cell::new(false),
            writer_wake: Notify::new(),
            reader_wake: Notify::new(),
        })
    }

    /// Notes the largest message that the other side takes, once it has said who it is.
    pub(crate) fn set_outgoing(&self, bytes: u64) {
        self.outgoing.send_replace(bytes);
    }

    /// Tells it from another thread.
    pub(crate) fn outgoing(&self) -> watch::Sender<u64> {
        self.outgoing.clone()
    }

    /// Ends the connection from this side; `reason` is kept for the log.
    pub(crate) fn break_off(&self, reason: impl Into<String>) {
        self.broken
            .borrow_mut()
            .get_or_insert_with(|| reason.into());
        self.reader_wake.notify_one();
        self.writer_wake.notify_one();
    }

    /// Notes that a call is at work.
    pub(crate) fn begin_call(&self) {
        self.executing.set(self.executing.get().saturating_add(1));
    }

    /// Notes that a call no longer is.
    pub(crate) fn end_call(&self) {
        self.executing.set(self.executing.get().saturating_sub(1));
    }

    /// Whether calls are at work that may yet be answered.
    pub(crate) fn is_executing(&self) -> bool {
        self.executing.get() > 0
    }

    /// Why the connection was ended from this side, if it was.
    pub(crate) fn broken(&self) -> Option<String> {
        self.broken.borrow().clone()
    }

    pub(crate) const fn limits(&self) -> &Limits {
        &self.limits
    }

    fn push(&self, message: Rc<Message>) {
        if self.finishing.get() || self.deaf.get() || self.broken.borrow().is_some() {
            return;
        }
        let Some(message) = self.fitting(message) else {
            return;
        };
        self.trace.sent(&message);
        if self.enforced {
            self.count_return(&message);
        }
        self.queued_bytes
            .set(self.queued_bytes.get() + message.size_in_words() * 8);
        self.queue.borrow_mut().push_back(message);
        self.writer_wake.notify_one();
    }

    fn count_call(&self, message: &Reader<Frame>) {
        let is_call = message
            .get_root::<rpc_capnp::message::Reader<'_>>()
            .is_ok_and(|root| matches!(root.which(), Ok(rpc_capnp::message::Call(_))));
        if is_call {
            self.calls.set(self.calls.get().saturating_add(1));
        }
    }

    fn count_return(&self, message: &Message) {
        let is_return = message
            .get_root_as_reader::<rpc_capnp::message::Reader<'_>>()
            .is_ok_and(|root| matches!(root.which(), Ok(rpc_capnp::message::Return(_))));
        if is_return {
            self.calls.set(self.calls.get().saturating_sub(1));
            self.made_progress();
        }
    }

    fn made_progress(&self) {
        // A reader that waits for the other side would be woken for nothing.
        if self.waits_for_room.get() {
            self.reader_wake.notify_one();
        }
    }

    fn is_full(&self) -> bool {
        let unread = u64::try_from(self.queued_bytes.get()).unwrap_or(u64::MAX);
        self.enforced
            && (unread > self.limits.unread_bytes || self.calls.get() >= self.limits.calls)
    }

    /// Waits while the budget is used up; breaks off when nothing moves for the stall time.
    async fn wait_for_room(&self) -> capnp::Result<()> {
        let stall = Duration::from_secs(u64::from(self.limits.stall_seconds));
        while self.is_full() && self.broken.borrow().is_none() {
            self.waits_for_room.set(true);
            let moved = tokio::time::timeout(stall, self.reader_wake.notified()).await;
            self.waits_for_room.set(false);
            if moved.is_err() {
                let text = format!(
                    "the peer made no progress in {} s with {} bytes of answers unread and {} calls in flight",
                    self.limits.stall_seconds,
                    self.queued_bytes.get(),
                    self.calls.get(),
                );
                self.break_off(text);
            }
        }
        self.check_broken()
    }

    fn check_broken(&self) -> capnp::Result<()> {
        match &*self.broken.borrow() {
            Some(reason) => Err(capnp::Error::disconnected(reason.clone())),
            None => Ok(()),
        }
    }

    /// Receives the next message, within the budget.
    async fn receive<R: AsyncRead + Unpin>(
        &self,
        reader: &mut FrameReader<R>,
    ) -> capnp::Result<Option<Reader<Frame>>> {
        loop {
            self.wait_for_room().await?;
            let next = tokio::select! {
                biased;
                next = self.next_in_time(reader) => next?,
                own = self.own_answer_or_break() => return own.map(Some),
            };
            let frame = match next {
                Next::Whole(frame) => frame,
                Next::TooLarge(beginning, bytes) => {
                    self.refuse(beginning, bytes)?;
                    continue;
                }
                Next::End => return Ok(None),
            };
            let options = frame::reader_options(self.limits.message_bytes);
            let message = Reader::new(frame, options);
            self.trace.received(&message);
            if self.enforced {
                self.count_call(&message);
            }
            return Ok(Some(message));
        }
    }

    /// The next message. Who begins one has the stall time to finish it, and who has just come to begin.
    async fn next_in_time<R: AsyncRead + Unpin>(
        &self,
        reader: &mut FrameReader<R>,
    ) -> capnp::Result<Next> {
        if !self.enforced {
            return reader.next().await;
        }
        // Most messages are there at once: no clock is looked at then.
        let mut next = reader.next().now_or_never();
        if next.is_none() && self.heard.get() {
            reader.begin().await?;
        }
        if next.is_none() {
            let stall = Duration::from_secs(u64::from(self.limits.stall_seconds));
            next = tokio::time::timeout(stall, reader.next()).await.ok();
        }
        let Some(next) = next else {
            let seconds = self.limits.stall_seconds;
            self.break_off(format!(
                "the peer did not finish its message within {seconds} s"
            ));
            return Err(capnp::Error::disconnected(
                "the message did not come in time".to_owned(),
            ));
        };
        self.heard.set(true);
        next
    }

    /// Waits for an answer that this side gives itself, or for the end from this side.
    async fn own_answer_or_break(&self) -> capnp::Result<Reader<Frame>> {
        loop {
            self.check_broken()?;
            if let Some(answer) = self.own_answer() {
                return Ok(answer);
            }
            self.reader_wake.notified().await;
        }
    }

    /// Writes what is queued until [`Self::finishing`], a failure, or the other side's end.
    async fn write_loop<W: AsyncWrite + Unpin>(&self, mut writer: W) {
        let mut batch = Vec::new();
        let mut deadline = None;
        loop {
            if self.queue.borrow().is_empty() && self.finishing.get() {
                break;
            }
            if self.finishing.get() && deadline.is_none() {
                deadline = Some(Instant::now() + FLUSH_TIME);
            }
            let bytes = self.next_batch(&mut batch);
            if bytes == 0 {
                self.writer_wake.notified().await;
                continue;
            }
            let written = self.write(&mut writer, &batch, &mut deadline).await;
            wipe::wipe_bytes(&mut batch);
            batch.clear();
            self.queued_bytes
                .set(self.queued_bytes.get().saturating_sub(bytes));
            if let Err(error) = written {
                self.stop_writing(&error).await;
                break;
            }
            self.made_progress();
        }
        // The other side sees the end even while somebody here still holds the reading half.
        let _ = writer.shutdown().await;
        while !self.finishing.get() {
            self.writer_wake.notified().await;
        }
    }

    /// After a failure: the reader reports the end, so that every open question is answered. It comes by itself, perhaps
    /// with a last word of the other side, except where that one has closed one direction alone.
    async fn stop_writing(&self, error: &io::Error) {
        self.deaf.set(true);
        self.queue.borrow_mut().clear();
        self.queued_bytes.set(0);
        self.made_progress();
        let ended = async {
            while !self.finishing.get() && self.broken.borrow().is_none() {
                self.writer_wake.notified().await;
            }
        };
        if tokio::time::timeout(FLUSH_TIME, ended).await.is_err() {
            self.break_off(format!("writing failed: {error}"));
        }
    }

    async fn write<W: AsyncWrite + Unpin>(
        &self,
        writer: &mut W,
        mut rest: &[u8],
        deadline: &mut Option<Instant>,
    ) -> io::Result<()> {
        // Most messages are taken at once: no clock is looked at then.
        if let Some(written) = writer.write(rest).now_or_never() {
            rest = &rest[written?..];
        }
        while !rest.is_empty() {
            let far = Instant::now() + Duration::from_secs(3600);
            tokio::select! {
                biased;
                written = writer.write(rest) => {
                    let written = written?;
                    if written == 0 {
                        return Err(io::ErrorKind::WriteZero.into());
                    }
                    rest = &rest[written..];
                    self.made_progress();
                }
                () = self.writer_wake.notified() => {
                    if self.broken.borrow().is_some() {
                        return Err(io::ErrorKind::ConnectionAborted.into());
                    }
                    if self.finishing.get() && deadline.is_none() {
                        *deadline = Some(Instant::now() + FLUSH_TIME);
                    }
                }
                () = tokio::time::sleep_until(deadline.unwrap_or(far)) => {
                    if deadline.is_some() {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                }
            }
        }
        Ok(())
    }

    /// Copies waiting messages into `batch`; returns how many queued bytes that settles.
    fn next_batch(&self, batch: &mut Vec<u8>) -> usize {
        let mut settled = 0;
        while batch.len() < WRITE_BATCH {
            let Some(message) = self.queue.borrow_mut().pop_front() else {
                break;
            };
            settled += message.size_in_words() * 8;
            frame::append(&message, batch);
            if let Ok(message) = Rc::try_unwrap(message) {
                wipe::secrets(message);
            }
        }
        if batch.capacity() > 4 * WRITE_BATCH && batch.is_empty() {
            *batch = Vec::new();
        }
        settled
    }
}

struct Incoming(Reader<Frame>);

impl capnp_rpc::IncomingMessage for Incoming {
    fn get_body(&self) -> capnp::Result<capnp::any_pointer::Reader<'_>> {
        self.0.get_root()
    }
}

struct Outgoing {
    message: Message,
    link: Rc<Link>,
}

impl capnp_rpc::OutgoingMessage for Outgoing {
    fn get_body(&mut self) -> capnp::Result<capnp::any_pointer::Builder<'_>> {
        self.message.get_root()
    }

    fn get_body_as_reader(&self) -> capnp::Result<capnp::any_pointer::Reader<'_>> {
        self.message.get_root_as_reader()
    }

    fn send(self: Box<Self>) -> (Promise<(), capnp::Error>, Rc<Message>) {
        let message = Rc::new(self.message);
        self.link.push(Rc::clone(&message));
        (Promise::ok(()), message)
    }

    fn take(self: Box<Self>) -> Message {
        self.message
    }

    fn size_in_words(&self) -> usize {
        self.message.size_in_words()
    }
}

struct Half<R> {
    link: Rc<Link>,
    reader: Rc<RefCell<Option<FrameReader<R>>>>,
    side: Side,
}

impl<R: AsyncRead + Unpin + 'static> capnp_rpc::Connection<Side> for Half<R> {
    fn get_peer_vat_id(&self) -> Side {
        self.side
    }

    fn new_outgoing_message(&mut self, words: u32) -> Box<dyn capnp_rpc::OutgoingMessage> {
        let allocator = HeapAllocator::new().first_segment_words(words.max(MIN_FIRST_SEGMENT));
        Box::new(Outgoing {
            message: Builder::new(allocator),
            link: Rc::clone(&self.link),
        })
    }

    fn receive_incoming_message(
        &mut self,
    ) -> Promise<Option<Box<dyn capnp_rpc::IncomingMessage>>, capnp::Error> {
        let link = Rc::clone(&self.link);
        let slot = Rc::clone(&self.reader);
        Promise::from_future(async move {
            // One message is asked for at a time; the slot is empty only after a failure.
            let Some(mut reader) = slot.borrow_mut().take() else {
                return Err(capnp::Error::disconnected(
                    "the connection is closed".to_owned(),
                ));
            };
            let message = link.receive(&mut reader).await?;
            *slot.borrow_mut() = Some(reader);
            Ok(message.map(|message| Box::new(Incoming(message)) as _))
        })
    }

    fn shutdown(&mut self, _result: capnp::Result<()>) -> Promise<(), capnp::Error> {
        self.link.finishing.set(true);
        self.link.writer_wake.notify_one();
        Promise::ok(())
    }
}

/// The network of one connection: `capnp-rpc` asks it for its one peer.
pub(crate) struct Network<R> {
    half: Option<Half<R>>,
    connect: Option<Half<R>>,
    side: Side,
    driver: Shared<Promise<(), capnp::Error>>,
}

impl<R: AsyncRead + Unpin + 'static> Network<R> {
    /// Speaks over `reader` and `writer` as `side`.
    pub(crate) fn new<W>(reader: R, writer: W, side: Side, link: &Rc<Link>) -> Self
    where
        W: AsyncWrite + Unpin + 'static,
    {
        // A call that is too large is answered, up to what a stranger can expect anybody to take.
        let skipped = if link.enforced { USUAL_MESSAGE } else { 0 };
        let frames = FrameReader::new(reader, link.limits.message_bytes, skipped);
        let slot = Rc::new(RefCell::new(Some(frames)));
        let half = || Half {
            link: Rc::clone(link),
            reader: Rc::clone(&slot),
            side,
        };
        let writing = Rc::clone(link);
        // A task of its own: as a part of `capnp-rpc`'s driver it would have all of that polled for
        // each message that is written.
        let writing = tokio::task::spawn_local(async move { writing.write_loop(writer).await });
        let mut writing = Abort(writing);
        let driver = Promise::from_future(async move {
            let ended = (&mut writing.0).await;
            ended.map_err(|error| capnp::Error::failed(error.to_string()))
        });
        Self {
            half: Some(half()),
            connect: Some(half()),
            side,
            driver: driver.shared(),
        }
    }
}

impl<R: AsyncRead + Unpin + 'static> capnp_rpc::VatNetwork<Side> for Network<R> {
    fn connect(&mut self, host: Side) -> Option<Box<dyn capnp_rpc::Connection<Side>>> {
        if host == self.side {
            return None;
        }
        self.connect.take().map(|half| Box::new(half) as _)
    }

    fn accept(&mut self) -> Promise<Box<dyn capnp_rpc::Connection<Side>>, capnp::Error> {
        match self.half.take() {
            Some(half) => Promise::ok(Box::new(half)),
            None => Promise::from_future(futures::future::pending()),
        }
    }

    fn drive_until_shutdown(&mut self) -> Promise<(), capnp::Error> {
        Promise::from_future(self.driver.clone())
    }
}
