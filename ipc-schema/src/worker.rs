//! Virtual workers: what Core maps onto threads is a queue here.
//!
//! Calls on one worker run one at a time, in the order in which they came. A worker costs a few
//! bytes, not a thread. None of the interfaces served calls back to its caller with a `Context`,
//! so a worker never waits for a call that would have to run nested on it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use tokio::sync::oneshot;

/// A queue of calls.
pub(crate) struct Worker {
    name: String,
    busy: Cell<bool>,
    waiting: RefCell<VecDeque<oneshot::Sender<()>>>,
}

impl Worker {
    /// An idle worker.
    pub(crate) fn new(name: String) -> Rc<Self> {
        Rc::new(Self {
            name,
            busy: Cell::new(false),
            waiting: RefCell::default(),
        })
    }

    /// Its name, for logs.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Calls that run or wait.
    pub(crate) fn load(&self) -> usize {
        usize::from(self.busy.get()) + self.waiting.borrow().len()
    }

    /// Takes the next place in the queue.
    pub(crate) fn enter(self: &Rc<Self>) -> Turn {
        let ready = if self.busy.replace(true) {
            let (tell, ready) = oneshot::channel();
            self.waiting.borrow_mut().push_back(tell);
            Some(ready)
        } else {
            None
        };
        Turn {
            worker: Rc::clone(self),
            ready,
        }
    }

    fn leave(&self) {
        while let Some(next) = self.waiting.borrow_mut().pop_front() {
            // Fails for a call that was cancelled while it waited.
            if next.send(()).is_ok() {
                return;
            }
        }
        self.busy.set(false);
    }
}

/// A place in a worker's queue, and the right to run once it is reached.
pub(crate) struct Turn {
    worker: Rc<Worker>,
    /// `None` once it is our turn.
    ready: Option<oneshot::Receiver<()>>,
}

impl Turn {
    /// Waits until the calls before this one have ended.
    pub(crate) async fn reached(&mut self) {
        if let Some(ready) = &mut self.ready {
            // The sender lives in the worker, which this place keeps alive.
            let _ = ready.await;
            self.ready = None;
        }
    }

    pub(crate) fn worker(&self) -> &Worker {
        &self.worker
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let ours = match &mut self.ready {
            None => true,
            Some(ready) => {
                ready.close();
                ready.try_recv().is_ok()
            }
        };
        if ours {
            self.worker.leave();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn turns_come_in_order_and_cancelled_ones_are_skipped() {
        let worker = Worker::new("w".to_owned());
        let mut first = worker.enter();
        let second = worker.enter();
        let mut third = worker.enter();
        assert_eq!(worker.load(), 3);
        assert!(first.reached().now_or_never().is_some());
        assert!(third.reached().now_or_never().is_none());
        drop(second);
        assert!(third.reached().now_or_never().is_none());
        drop(first);
        assert!(third.reached().now_or_never().is_some());
        drop(third);
        assert_eq!(worker.load(), 0);
    }

    #[test]
    fn a_turn_dropped_when_it_came_passes_on() {
        let worker = Worker::new("w".to_owned());
        let first = worker.enter();
        let second = worker.enter();
        let mut third = worker.enter();
        drop(first);
        drop(second);
        assert!(third.reached().now_or_never().is_some());
    }
}
