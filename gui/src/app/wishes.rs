//! What pages wish: other pages, notices, the clipboard, the user's choices.

use iced::Task;
use iced::time::Duration;

use super::{App, Message, Overlay, Screen, Toast};
use crate::link::{Connection, Control, state::Origin};
use crate::page::{Event, PageId, PrefsChange, Update};
use crate::theme::Tone;

/// How long a notice stays.
const TOAST: Duration = Duration::from_secs(6);
/// Notices at once.
const MOST_TOASTS: usize = 4;

impl App {
    /// Turns what came of a page's message into work of the window.
    pub(super) fn finish<M: Send + 'static>(
        &mut self,
        update: Update<M>,
        map: fn(M) -> Message,
    ) -> Task<Message> {
        let task = update.task.map(map);
        match update.event {
            Some(event) => Task::batch([task, self.wish(event)]),
            None => task,
        }
    }

    pub(super) fn wish(&mut self, event: Event) -> Task<Message> {
        match event {
            Event::Notify(tone, text) => self.notify(tone, text),
            Event::Copy(text, what) => {
                let told = self.notify(Tone::Good, format!("{what} copied."));
                Task::batch([iced::clipboard::write(text), told])
            }
            Event::Open(page) => self.open(page),
            Event::OpenBackup => {
                self.pages.wallets.open_backup(&self.model);
                self.open(PageId::Wallets)
            }
            Event::ShowTransaction(txid) => {
                let link = self.link.clone();
                let context = crate::page::Context {
                    model: &self.model,
                    link: &link,
                };
                let update = self.pages.activity.show(txid, &context);
                Task::batch([
                    self.open(PageId::Activity),
                    self.finish(update, Message::Activity),
                ])
            }
            Event::SendCoins(chosen) => {
                let context = crate::page::Context {
                    model: &self.model,
                    link: &self.link,
                };
                let task = self.pages.send.spend(&chosen, &context);
                Task::batch([self.open(PageId::Send), task.map(Message::Send)])
            }
            Event::SortCoins(sort) => {
                if let Some(wallet) = &mut self.model.wallet {
                    wallet.sort_coins(sort);
                }
                self.arrange()
            }
            Event::ShowWallet(name) => {
                let show = self.show_wallet(name);
                if self.page == PageId::Wallets {
                    return show;
                }
                Task::batch([show, self.open(PageId::Overview)])
            }
            Event::NewWallet { watch_only } => {
                self.pages.wallets.open_create(watch_only);
                self.open(PageId::Wallets)
            }
            Event::RestoreWallet => {
                self.pages.wallets.open_restore();
                self.open(PageId::Wallets)
            }
            Event::WalletsChanged => self.read_wallets(),
            Event::WalletClosed(name) => self.wallet_closed(&name),
            Event::Prefs(change) => self.change_prefs(change),
            Event::Link(control) => self.control(control),
            Event::Unlock => self.ask_passphrase(),
            Event::Mine(blocks) => self.mine(blocks),
            Event::CommandLine => {
                self.overlay = Overlay::Options;
                Task::none()
            }
            Event::About => {
                self.overlay = Overlay::About;
                Task::none()
            }
            Event::ChooseChain => self.choose_chain(),
            Event::Reset => {
                self.overlay = Overlay::Reset;
                Task::none()
            }
            Event::FirstRun(outcome) => self.first_run_outcome(outcome),
        }
    }

    pub(super) fn open(&mut self, page: PageId) -> Task<Message> {
        let left = std::mem::replace(&mut self.page, page);
        self.overlay = Overlay::None;
        if let Some(trace) = &mut self.trace {
            trace.event("page", serde_json::json!({"id": page.id()}));
        }
        let keep = if left == PageId::Send && page != left {
            self.keep_draft()
        } else {
            Task::none()
        };
        Task::batch([keep, self.arrive(page)])
    }

    /// What a page begins with.
    fn arrive(&self, page: PageId) -> Task<Message> {
        match page {
            PageId::Send => iced::widget::operation::focus("send-address"),
            PageId::Console => iced::widget::operation::focus("console-input"),
            PageId::Wallets => self.read_wallets(),
            _ => Task::none(),
        }
    }

    pub(super) fn notify(&mut self, tone: Tone, text: String) -> Task<Message> {
        let id = self.next_toast;
        self.next_toast += 1;
        self.toasts.retain(|toast| toast.text != text);
        self.toasts.push(Toast { id, tone, text });
        if self.toasts.len() > MOST_TOASTS {
            self.toasts.remove(0);
        }
        let wait = async move {
            tokio::time::sleep(TOAST).await;
            id
        };
        Task::perform(wait, Message::ToastOver)
    }

    fn change_prefs(&mut self, change: PrefsChange) -> Task<Message> {
        let prefs = &mut self.model.prefs;
        match change {
            PrefsChange::Theme(choice) => prefs.theme = choice,
            PrefsChange::Contrast(contrast) => prefs.contrast = contrast,
            PrefsChange::Scale(scale) => prefs.scale = scale,
            PrefsChange::Compact(compact) => prefs.compact = compact,
            PrefsChange::Unit(unit) => prefs.unit = unit,
            PrefsChange::Masked(masked) => prefs.masked = masked,
            PrefsChange::LeaveNodeRunning(choice) => prefs.leave_node_running = choice,
            PrefsChange::ConsoleHistory(lines) => prefs.console_history = lines,
            PrefsChange::ConsoleSize(size) => prefs.console_size = size,
            PrefsChange::UnlockSeconds(seconds) => prefs.unlock_seconds = seconds,
            PrefsChange::Width(column, width, over) => {
                prefs.widths.insert(column.to_owned(), width);
                // On the way of a drag nothing is written.
                if !over {
                    return Task::none();
                }
            }
        }
        self.write_prefs()
    }

    pub(super) fn write_prefs(&self) -> Task<Message> {
        let (params, prefs) = (self.model.params, &self.model.prefs);
        self.write(self.store.prefs_writer(params, prefs))
    }

    pub(super) fn write_shared(&self) -> Task<Message> {
        self.write(self.store.shared_writer(&self.shared))
    }

    fn write(&self, work: impl FnOnce() -> std::io::Result<()> + Send + 'static) -> Task<Message> {
        let folder = self.store.folder().display().to_string();
        let call = async move {
            let done = tokio::task::spawn_blocking(work).await;
            done.unwrap_or_else(|_| Err(std::io::Error::other("interrupted")))
                .map_err(|error| {
                    format!("The window's settings cannot be kept in {folder}: {error}.")
                })
        };
        Task::perform(call, Message::Written)
    }

    pub(super) fn control(&mut self, control: Control) -> Task<Message> {
        let restarts = matches!(control, Control::Restart | Control::Repair(_));
        if !self.link.tell(control) {
            return self.notify(
                Tone::Warn,
                "The link to the node is busy. Try again.".to_owned(),
            );
        }
        self.model.restarting |= restarts;
        Task::none()
    }

    /// Ends the program, once it is known what becomes of the node.
    pub(super) fn ask_quit(&mut self) -> Task<Message> {
        if matches!(self.screen, Screen::Stopping) {
            return self.exit();
        }
        match &self.model.connection {
            Connection::Up {
                origin: Origin::Spawned,
            } => match self.model.prefs.leave_node_running {
                Some(leave) => self.quit(leave),
                None => {
                    self.overlay = Overlay::Quit { remember: false };
                    iced::widget::operation::focus("quit-stop")
                }
            },
            // A node that is not ours goes on; one that is starting ends with us.
            Connection::Up {
                origin: Origin::Attached,
            } => self.quit(true),
            Connection::Connecting { .. } | Connection::Stopping => self.quit(false),
            _ => self.exit(),
        }
    }

    pub(super) fn quit(&mut self, leave_running: bool) -> Task<Message> {
        self.overlay = Overlay::None;
        self.screen = Screen::Stopping;
        let keep = self.keep_draft();
        if self.link.tell(Control::Quit { leave_running }) {
            keep
        } else {
            self.exit()
        }
    }

    pub(super) fn exit(&mut self) -> Task<Message> {
        if let Some(meeting) = self.meeting.take() {
            meeting.end();
        }
        iced::exit()
    }
}
