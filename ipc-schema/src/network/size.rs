//! Messages that are too large: an exception answers them, and the connection goes on.

use std::rc::Rc;

use capnp::message::{Builder, Reader};
use capnp_rpc::rpc_capnp::{exception, message, message_target};

use super::frame::Frame;
use super::{Link, Message, wipe};
use crate::types::{LARGE_MESSAGE, TOO_LARGE};

/// An exception as the answer to question `id`.
fn refusal(id: u32, reason: &str) -> Message {
    let mut refusal = Builder::new_default();
    let mut answer = refusal.init_root::<message::Builder<'_>>().init_return();
    answer.set_answer_id(id);
    answer.set_release_param_caps(true);
    let mut exception = answer.init_exception();
    exception.set_type(exception::Type::Failed);
    exception.set_reason(reason);
    refusal
}

/// The bytes of a message that ends a connection.
pub(crate) fn abort(reason: &str) -> Vec<u8> {
    let mut abort = Builder::new_default();
    let mut exception = abort.init_root::<message::Builder<'_>>().init_abort();
    exception.set_type(exception::Type::Overloaded);
    exception.set_reason(reason);
    let mut bytes = Vec::new();
    super::frame::append(&abort, &mut bytes);
    bytes
}

fn too_large(what: &str, bytes: u64, most: u64) -> String {
    format!(
        "std::exception: {TOO_LARGE}the {what} has {bytes} bytes, and this connection takes {most} in one message."
    )
}

impl Link {
    /// What is sent for `message`: itself, an exception where the other side could not read it, or nothing.
    pub(super) fn fitting(&self, message: Rc<Message>) -> Option<Rc<Message>> {
        let bytes = u64::try_from(message.size_in_words())
            .unwrap_or(u64::MAX)
            .saturating_mul(8);
        let most = (*self.outgoing.borrow()).min(LARGE_MESSAGE);
        let large = bytes > most;
        if !large && self.unsent.borrow().is_empty() {
            return Some(message);
        }
        match self.judge(&message, large.then_some((bytes, most))) {
            Judgement::Send => return Some(message),
            Judgement::Replace(other) => {
                discard(message);
                return Some(Rc::new(other));
            }
            Judgement::Answer(id, reason) => {
                self.unsent.borrow_mut().insert(id);
                self.answered_here
                    .borrow_mut()
                    .push_back(refusal(id, &reason));
                self.reader_wake.notify_one();
            }
            Judgement::Drop => {}
            Judgement::Break => {
                self.break_off(format!(
                    "a message of {bytes} bytes is too large to be sent"
                ));
            }
        }
        discard(message);
        None
    }

    fn judge(&self, message: &Message, large: Option<(u64, u64)>) -> Judgement {
        let root = message.get_root_as_reader::<message::Reader<'_>>();
        let mut unsent = self.unsent.borrow_mut();
        match (root.and_then(|root| Ok(root.which()?)), large) {
            (Ok(message::Call(Ok(call))), Some((bytes, most))) => {
                Judgement::Answer(call.get_question_id(), too_large("request", bytes, most))
            }
            (Ok(message::Call(Ok(call))), None) => {
                let target = call.get_target().and_then(|target| Ok(target.which()?));
                match target {
                    // The other side has never heard of the question whose answer this is called on.
                    Ok(message_target::PromisedAnswer(Ok(asked)))
                        if unsent.contains(&asked.get_question_id()) =>
                    {
                        let reason = format!("std::exception: {TOO_LARGE}the request before was.");
                        Judgement::Answer(call.get_question_id(), reason)
                    }
                    _ => Judgement::Send,
                }
            }
            (Ok(message::Return(Ok(answer))), Some((bytes, most))) => {
                let reason = too_large("reply", bytes, most);
                let mut other = refusal(answer.get_answer_id(), &reason);
                // As the message had it, since that is what was noted of it.
                if let Ok(root) = other.get_root::<message::Builder<'_>>()
                    && let Ok(message::Return(Ok(mut copy))) = root.which()
                {
                    copy.set_release_param_caps(answer.get_release_param_caps());
                    copy.set_no_finish_needed(answer.get_no_finish_needed());
                }
                Judgement::Replace(other)
            }
            (Ok(message::Finish(Ok(finish))), None) if unsent.remove(&finish.get_question_id()) => {
                Judgement::Drop
            }
            (_, None) => Judgement::Send,
            (_, Some(_)) => Judgement::Break,
        }
    }

    /// Answers a call that was too large to be taken in, of which `frame` is the beginning.
    pub(super) fn refuse(&self, frame: Frame, bytes: u64) -> capnp::Result<()> {
        let most = self.limits.message_bytes;
        let beginning = Reader::new(frame, super::frame::reader_options(most));
        let root = beginning.get_root::<message::Reader<'_>>();
        let call = match root.and_then(|root| Ok(root.which()?)) {
            Ok(message::Call(call)) => call?.get_question_id(),
            _ => {
                return Err(capnp::Error::failed(format!(
                    "Message has {bytes} bytes, which is too large."
                )));
            }
        };
        if self.enforced {
            self.calls.set(self.calls.get().saturating_add(1));
        }
        self.push(Rc::new(refusal(call, &too_large("request", bytes, most))));
        Ok(())
    }

    /// The answer to a question that was not sent, in the form of one that came.
    pub(super) fn own_answer(&self) -> Option<Reader<Frame>> {
        let answer = self.answered_here.borrow_mut().pop_front()?;
        let options = super::frame::reader_options(self.limits.message_bytes);
        Some(Reader::new(Frame::of(&answer), options))
    }
}

enum Judgement {
    Send,
    Replace(Message),
    Answer(u32, String),
    Drop,
    Break,
}

/// Wipes a message that is not sent, unless somebody still reads it.
fn discard(message: Rc<Message>) {
    if let Ok(message) = Rc::try_unwrap(message) {
        wipe::secrets(message);
    }
}
