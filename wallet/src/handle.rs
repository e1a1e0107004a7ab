//! The thread `wallet`, which owns every wallet and its file, and the handle on it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use crate::WalletError;
use crate::wallet::Wallet;
use crate::wallets::{Open, Wallets};

/// Commands that wait before the caller waits too.
const QUEUE: usize = 64;

type Job = Box<dyn FnOnce(&mut Wallets) + Send>;

/// The thread is gone: the process is stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The wallet process is stopping.")]
pub struct Stopped;

/// The handle on the thread; clones are the same.
#[derive(Clone, Debug)]
pub struct WalletHandle {
    jobs: mpsc::Sender<Job>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl WalletHandle {
    /// Starts the thread with these wallets.
    ///
    /// # Errors
    /// The system's, where it gives no thread.
    pub fn start(wallets: Wallets) -> io::Result<Self> {
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        let thread = std::thread::Builder::new()
            .name("wallet".to_owned())
            .spawn(move || {
                let mut wallets = wallets;
                while let Some(job) = queue.blocking_recv() {
                    job(&mut wallets);
                    wallets.publish();
                }
                wallets.close_all();
            })?;
        Ok(Self {
            jobs,
            thread: Arc::new(Mutex::new(Some(thread))),
        })
    }

    /// Runs `work` on the thread. It runs to its end even where nobody waits for the answer.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Wallets) -> T + Send + 'static,
    ) -> Result<T, Stopped> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |wallets| {
            // Nobody waits where this fails.
            drop(answer.send(work(wallets)));
        });
        self.jobs.send(job).await.map_err(|_| Stopped)?;
        answered.await.map_err(|_| Stopped)
    }

    /// Runs `work` with one open wallet.
    ///
    /// # Errors
    /// [`WalletError::NotLoaded`], what `work` says, or [`WalletError::Stopped`].
    pub async fn with<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce(&mut Wallet) -> Result<T, WalletError> + Send + 'static,
    ) -> Result<T, WalletError> {
        self.with_open(name, move |open| work(&mut open.wallet))
            .await
    }

    /// Runs `work` with one open wallet and those who watch it.
    ///
    /// # Errors
    /// As [`WalletHandle::with`].
    pub async fn with_open<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce(&mut Open) -> Result<T, WalletError> + Send + 'static,
    ) -> Result<T, WalletError> {
        let name = name.to_owned();
        self.call(move |wallets| work(wallets.get(&name)?)).await?
    }

    /// Closes all wallets and refuses what is opened after.
    ///
    /// # Errors
    /// [`Stopped`] where the thread has ended already.
    pub async fn close_all(&self) -> Result<(), Stopped> {
        self.call(Wallets::close_all).await
    }

    /// Waits for the thread once every other handle is gone.
    pub fn join(self) {
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(self.jobs);
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("The wallet thread ended by a fault of the program.");
        }
    }
}
