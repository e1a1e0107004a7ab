//! One message after the other.

use iced::Task;
use iced::theme::Mode;
use serde_json::json;

use super::{App, Message, Overlay, Screen, now};
use crate::link::{self, Connection, Control};
use crate::model::rows::{Rows, discard};
use crate::model::uri;
use crate::page::activity::NewView;
use crate::page::{Context, Event, PageId, overview, tasks, words};
use crate::theme::Tone;

impl App {
    pub(super) fn handle(&mut self, message: Message) -> Task<Message> {
        self.model.now = self.clock.unwrap_or_else(now);
        match message {
            Message::Overview(message) => {
                let update = overview::update(message, &self.context());
                self.finish(update, Message::Overview)
            }
            Message::Send(message) => {
                self.forget_sent_draft(&message);
                let context = Context {
                    model: &self.model,
                    link: &self.link,
                };
                let update = self.pages.send.update(message, &context);
                self.finish(update, Message::Send)
            }
            Message::Receive(message) => {
                let context = Context {
                    model: &self.model,
                    link: &self.link,
                };
                let update = self.pages.receive.update(message, &context);
                self.finish(update, Message::Receive)
            }
            Message::Activity(message) => self.activity(message),
            Message::Coins(message) => self.coins(message),
            Message::Wallets(message) => {
                let context = Context {
                    model: &self.model,
                    link: &self.link,
                };
                let update = self.pages.wallets.update(message, &context);
                self.finish(update, Message::Wallets)
            }
            Message::Status(message) => {
                let context = Context {
                    model: &self.model,
                    link: &self.link,
                };
                let (update, filter) = self.pages.status.update(message, &context);
                if let Some(filter) = filter {
                    self.model.log.set_filter(&filter);
                }
                self.finish(update, Message::Status)
            }
            Message::Console(message) => {
                let context = Context {
                    model: &self.model,
                    link: &self.link,
                };
                let update = self.pages.console.update(message, &context);
                self.finish(update, Message::Console)
            }
            Message::Tasks(message) => {
                let update = tasks::update(message, &self.context());
                self.finish(update, Message::Tasks)
            }
            Message::Settings(message) => self.settings(message),
            Message::FirstRun(message) => {
                let Screen::FirstRun(page) = &mut self.screen else {
                    return Task::none();
                };
                let context = Context {
                    model: &self.model,
                    link: &self.link,
                };
                let update = page.update(message, &context);
                self.finish(update, Message::FirstRun)
            }
            other => self.handle_data(other),
        }
    }

    /// A payment of a wallet that is not in view any more is no draft once it is stored.
    fn forget_sent_draft(&mut self, message: &crate::page::send::Message) {
        use ipc_schema::Broadcast;
        let crate::page::send::Message::Sent(wallet, result) = message else {
            return;
        };
        let stored = result
            .as_ref()
            .is_ok_and(|reply| !matches!(reply.broadcast, Broadcast::Rejected(_)));
        if stored {
            self.drafts.remove(wallet);
        } else if let Some(draft) = self.drafts.get_mut(wallet) {
            draft.not_sent();
        }
    }

    fn activity(&mut self, message: crate::page::activity::Message) -> Task<Message> {
        let context = Context {
            model: &self.model,
            link: &self.link,
        };
        let (update, new) = self.pages.activity.update(message, &context);
        if let (Some(new), Some(wallet)) = (new, &mut self.model.wallet) {
            match new {
                NewView::Filter(filter) => wallet.history.set_filter(filter),
                NewView::Sort(sort) => wallet.history.set_sort(sort),
            }
        }
        let arrange = self.arrange();
        Task::batch([self.finish(update, Message::Activity), arrange])
    }

    fn coins(&mut self, message: crate::page::coins::Message) -> Task<Message> {
        let context = Context {
            model: &self.model,
            link: &self.link,
        };
        let update = self.pages.coins.update(message, &context);
        self.finish(update, Message::Coins)
    }

    fn settings(&mut self, message: crate::page::settings::Message) -> Task<Message> {
        let stored = match &message {
            crate::page::settings::Message::Stored(name, Ok(_)) => {
                self.model.last_setting = Some(name.clone());
                true
            }
            _ => false,
        };
        let context = Context {
            model: &self.model,
            link: &self.link,
        };
        let update = self.pages.settings.update(message, &context);
        let read = if stored {
            self.read_settings()
        } else {
            Task::none()
        };
        Task::batch([self.finish(update, Message::Settings), read])
    }

    /// Messages that bring data.
    fn handle_data(&mut self, message: Message) -> Task<Message> {
        match message {
            Message::LinkTold(event) => self.link_told(event),
            Message::WalletTold(name, event) => self.wallet_told(&name, event),
            Message::WalletList(result) => self.wallet_list(result),
            Message::SettingsRead(Ok(settings)) => {
                self.model.settings = settings;
                Task::none()
            }
            Message::CommandsRead(Ok(commands)) => {
                self.model.commands = commands;
                Task::none()
            }
            Message::HistoryRead(name, first, result) => self.history_read(&name, first, result),
            Message::AddressesRead(name, skip, Ok(rows)) if self.is_shown(&name) => {
                let Some(wallet) = &mut self.model.wallet else {
                    return Task::none();
                };
                take_rows(&mut wallet.addresses, skip, rows)
                    .map_or_else(Task::none, |next| self.read_addresses(next))
            }
            Message::CoinsRead(name, skip, Ok(rows)) if self.is_shown(&name) => {
                let Some(wallet) = &mut self.model.wallet else {
                    return Task::none();
                };
                if let Some(next) = take_rows(&mut wallet.coins, skip, rows) {
                    return self.read_coins(next);
                }
                wallet.arrange_coins();
                self.arrange()
            }
            Message::Arranged(name, done) if self.is_shown(&name) => self.arranged(done),
            Message::CoinsSorted(name, done) if self.is_shown(&name) => self.coins_sorted(done),
            Message::FeesRead(name, Ok(fees)) if self.is_shown(&name) => {
                if let Some(wallet) = &mut self.model.wallet {
                    wallet.fees = Some(fees);
                }
                Task::none()
            }
            Message::Opened(name, Ok(_)) => self.show_wallet(name),
            Message::Opened(name, Err(error)) => self.notify(
                Tone::Warn,
                format!("The wallet {name} was not opened. {}", words(&error)),
            ),
            Message::Mined(Ok(1)) => self.notify(Tone::Good, "1 block made.".to_owned()),
            Message::Mined(Ok(blocks)) => self.notify(Tone::Good, format!("{blocks} blocks made.")),
            Message::Mined(Err(error)) => self.notify(Tone::Bad, error),
            Message::Locked(Ok(())) => self.notify(Tone::Good, "The wallet is locked.".to_owned()),
            Message::Locked(Err(error)) => self.notify(Tone::Bad, words(&error)),
            Message::Unlocked(result) => self.unlocked(result),
            Message::Written(Err(error)) => self.notify(Tone::Bad, error),
            other => self.handle_window(other),
        }
    }

    /// Messages of the window itself.
    fn handle_window(&mut self, message: Message) -> Task<Message> {
        match message {
            // The clock was looked at already.
            Message::Tick => {}
            Message::WindowOpened(id) => {
                if std::mem::take(&mut self.launch.minimised) {
                    return iced::window::minimize(id, true);
                }
            }
            Message::Zone(zone) => self.model.zone = zone,
            Message::Booted(boot) => return self.booted(*boot),
            Message::Open(page) => return self.open(page),
            Message::Glance(page) => {
                let task = self.open(page);
                // These two would take the keyboard into a field.
                if !matches!(page, PageId::Send | PageId::Console) {
                    return task;
                }
            }
            Message::Capitals(locked) => self.model.capitals = locked,
            Message::Wish(event) => {
                self.overlay = Overlay::None;
                return self.wish(event);
            }
            Message::Action(action) => return self.act(action),
            Message::Control(control) => return self.control(control),
            Message::Passphrase(text) => {
                if let Overlay::Unlock {
                    passphrase, error, ..
                } = &mut self.overlay
                {
                    *passphrase = zeroize::Zeroizing::new(text);
                    *error = None;
                }
            }
            Message::Unlock => return self.unlock(),
            Message::PaletteQuery(query) => {
                if let Overlay::Palette(palette) = &mut self.overlay {
                    palette.query = query;
                    palette.marked = 0;
                }
                return self.search();
            }
            Message::PaletteFound(query, hits) => {
                if let Overlay::Palette(palette) = &mut self.overlay {
                    palette.found_hits(&query, hits);
                }
                return self.search();
            }
            Message::PaletteMark(place) => {
                if let Overlay::Palette(palette) = &mut self.overlay {
                    palette.marked = place;
                }
            }
            Message::PaletteRun(place) => return self.run_palette(place),
            Message::PaletteOpen(query) => return self.open_palette(query),
            Message::CloseOverlay => self.overlay = Overlay::None,
            Message::ShowOptions => self.overlay = Overlay::Options,
            Message::ShowAbout => self.overlay = Overlay::About,
            Message::AskReset => self.overlay = Overlay::Reset,
            Message::Reset => return self.reset(),
            Message::ResetDone(Ok(())) => return self.ask_quit(),
            Message::ResetDone(Err(error)) => return self.notify(Tone::Bad, error),
            Message::OpenOutside(place) => {
                let open = crate::link::open_path(place);
                return Task::perform(open, Message::Written);
            }
            Message::NewWallet => return self.wish(Event::NewWallet { watch_only: false }),
            Message::ImportDescriptors => {
                let show = self.update(Message::Wallets(crate::page::wallets::Message::OpenImport));
                return Task::batch([show, self.open(PageId::Wallets)]);
            }
            Message::RestoreWallet => return self.wish(Event::RestoreWallet),
            Message::Link(text) => return self.pay(&text),
            Message::Dropped(path) => return self.dropped(path),
            Message::Inspected(path, content) => return self.inspected(&path, content),
            other => return self.handle_start(other),
        }
        Task::none()
    }

    /// Messages about a start that failed, or that is to go another way.
    fn handle_start(&mut self, message: Message) -> Task<Message> {
        match message {
            Message::StartAgain => self.start_again(),
            Message::ResetFile => self.reset_file(),
            Message::FileReset(done) => self.file_reset(done),
            Message::ChooseFolder => self.choose_folder(),
            Message::ForgetSetting(name) => self.forget_setting(name),
            Message::SettingForgotten(Ok(())) => self.control(Control::Restart),
            Message::SettingForgotten(Err(error)) => self.notify(Tone::Bad, error),
            Message::ChooseChain => self.choose_chain(),
            Message::SwitchChain(coin, network) => self.switch_chain(coin, network),
            other => self.handle_end(other),
        }
    }

    fn handle_end(&mut self, message: Message) -> Task<Message> {
        match message {
            Message::QuitRemember => {
                if let Overlay::Quit { remember } = &mut self.overlay {
                    *remember = !*remember;
                }
            }
            Message::QuitChosen(leave) => {
                let remember = matches!(self.overlay, Overlay::Quit { remember: true });
                let write = if remember {
                    self.model.prefs.leave_node_running = Some(leave);
                    self.write_prefs()
                } else {
                    Task::none()
                };
                return Task::batch([write, self.quit(leave)]);
            }
            Message::QuitNow => return self.exit(),
            Message::CloseRequested => return self.ask_quit(),
            Message::ToastOver(id) => self.toasts.retain(|toast| toast.id != id),
            Message::SystemTheme(mode) => self.system_dark = mode == Mode::Dark,
            Message::Frame => {
                let first = !std::mem::replace(&mut self.first_frame, true);
                if let Some(trace) = self.trace.as_mut().filter(|_| first) {
                    trace.event("first_frame", json!({}));
                }
            }
            Message::Beat => {
                if let Some(trace) = &mut self.trace {
                    trace.beat();
                }
            }
            Message::Focused(id) => {
                if let Some(trace) = &mut self.trace {
                    trace.event("focus", json!({"id": format!("{id:?}")}));
                }
            }
            Message::DismissCrash => self.crash = None,
            Message::DismissBroken => self.broken.clear(),
            // Reads that failed are made again when the connection is back.
            _ => {}
        }
        Task::none()
    }

    fn link_told(&mut self, event: link::Event) -> Task<Message> {
        self.link.apply(&event);
        match event {
            link::Event::Ready(_) => {}
            link::Event::Connection(connection) => return self.connection_changed(connection),
            link::Event::Node(_, session) => {
                self.model.session = Some(*session);
                self.trace_event("connected");
                return Task::batch([self.read_settings(), self.read_commands()]);
            }
            link::Event::Told(event) => {
                let changed = self.model.apply_node(event);
                if let (true, Some(trace)) = (changed.tip, &mut self.trace) {
                    trace.event("tip", json!({"height": self.model.height()}));
                }
                if changed.first_status {
                    self.trace_event("first_data");
                    let of_wallet = PageId::WALLET.contains(&self.page);
                    if !super::frame::has_wallets(&self.model) && of_wallet {
                        self.page = PageId::Status;
                    }
                }
                if matches!(self.screen, Screen::Starting) && self.model.node.is_some() {
                    self.screen = Screen::Main;
                }
            }
            link::Event::Wallet(_) => {
                self.trace_event("wallet");
                if let Some(wallet) = &mut self.model.wallet {
                    wallet.begin_again();
                }
                let told = if std::mem::take(&mut self.model.wallet_ended) {
                    let words = "The wallet process had ended. It runs again.".to_owned();
                    self.notify(Tone::Warn, words)
                } else {
                    Task::none()
                };
                return Task::batch([told, self.read_wallets(), self.read_commands()]);
            }
            link::Event::WalletGone => {
                // With a node that goes its wallet goes too, which the node's own card tells.
                self.model.wallet_ended = self.model.connection.is_up();
                self.model.wallet_tasks.clear();
                self.model.wallets_known = false;
            }
            link::Event::WalletTasks(tasks) => {
                let ended = self.model.running_tasks();
                self.model.wallet_tasks = tasks;
                self.model.sample_tasks();
                if self.model.running_tasks() < ended {
                    return self.read_wallets();
                }
            }
            link::Event::Silent(since) => self.model.silent_since = since,
            link::Event::MayQuit => return self.exit(),
        }
        Task::none()
    }

    fn connection_changed(&mut self, connection: Connection) -> Task<Message> {
        if !connection.is_up() && self.model.connection.is_up() {
            self.trace_event("node_gone");
            self.model.disconnected();
        }
        self.model.connection = connection;
        let decided = matches!(
            self.model.connection,
            Connection::Stopped(_) | Connection::Refused { .. } | Connection::Ended
        );
        let lost = matches!(self.model.connection, Connection::Lost { .. });
        if decided || lost || self.model.connection.is_up() {
            self.model.restarting = false;
        }
        if matches!(self.screen, Screen::Starting) && decided {
            self.screen = Screen::Main;
        }
        Task::none()
    }

    fn trace_event(&mut self, name: &str) {
        if let Some(trace) = &mut self.trace {
            trace.event(name, json!({}));
        }
    }

    /// Fills the Send page from a link or an address. Without a wallet in view what was filled in goes to the first one
    /// that comes.
    pub(super) fn pay(&mut self, text: &str) -> Task<Message> {
        let params = self.model.params;
        if text.trim().is_empty() {
            return iced::window::latest().and_then(iced::window::gain_focus);
        }
        let request = if uri::looks_like_link(text, params) || text.contains(':') {
            uri::parse(text, params)
        } else {
            Ok(uri::PaymentRequest {
                address: text.trim().to_owned(),
                ..Default::default()
            })
        };
        match request {
            Ok(request) => {
                if !super::frame::has_wallets(&self.model) {
                    let words = "This node runs without wallets, so there is nothing to pay with.";
                    return self.notify(Tone::Warn, words.to_owned());
                }
                let context = Context {
                    model: &self.model,
                    link: &self.link,
                };
                let fill = self.pages.send.fill(&request, &context).map(Message::Send);
                let front = iced::window::latest().and_then(iced::window::gain_focus);
                Task::batch([self.open(PageId::Send), fill, front])
            }
            Err(error) => self.notify(Tone::Bad, error.to_string()),
        }
    }
}

/// Takes rows in from `skip` on; gives where the next ones begin, if there may be more.
fn take_rows<T: Send + Sync + 'static>(all: &mut Rows<T>, skip: u32, rows: Vec<T>) -> Option<u32> {
    let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    if skip == 0 {
        discard(std::mem::replace(all, rows.into()));
    } else {
        all.truncate(usize::try_from(skip).unwrap_or(usize::MAX));
        all.extend(rows);
    }
    (count >= super::reads::CHUNK).then(|| skip.saturating_add(count))
}
