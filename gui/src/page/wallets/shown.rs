//! The wallet in view: its file, backup, passphrase, and a new look through the chain.

use iced::widget::{column, container, row};
use iced::{Alignment, Length};
use ipc_schema::LockState;

use super::{Message, Page};
use crate::Element;
use crate::model::Model;
use crate::model::wallet::Backup;
use crate::theme::{Icon, Press, Tone, size};
use crate::widget::button::button_with;
use crate::widget::{Field, button, layout, text};

fn backup_words(model: &Model, backup: Option<Backup>) -> (String, Tone) {
    let short = |at| model.zone.short(at, model.now);
    match backup {
        None => ("being read".to_owned(), Tone::Faint),
        Some(Backup::Missing) => ("none".to_owned(), Tone::Warn),
        Some(Backup::Unchecked(at)) => (format!("made {}, not checked", short(at)), Tone::Warn),
        Some(Backup::Checked(at)) => (format!("checked {}", short(at)), Tone::Good),
        Some(Backup::Outdated(at)) => (format!("out of date, made {}", short(at)), Tone::Warn),
    }
}

impl Page {
    pub(super) fn in_view<'a>(
        &'a self,
        model: &'a Model,
        wallet: &'a crate::model::Wallet,
    ) -> Element<'a, Message> {
        let (backup, backup_tone) = backup_words(model, wallet.backup());
        let lock = match wallet.lock() {
            LockState::Unencrypted if wallet.is_watch_only() => "none needed: it holds no keys",
            LockState::Unencrypted => "none",
            LockState::Locked => "set, locked",
            LockState::Unlocked { .. } => "set, unlocked now",
        };
        let part =
            |label: &'static str, value: Element<'a, Message>, action: Element<'a, Message>| {
                row![
                    container(text::body(label).class(Tone::Soft)).width(size::LABEL),
                    container(value).width(Length::Fill),
                    action
                ]
                .spacing(size::S3)
                .align_y(Alignment::Center)
            };
        let back_up = button_with(Icon::Save, "Back up", Press::Secondary)
            .id("wallet-backup")
            .on_press(Message::Backup);
        // Without keys there is nothing to lock.
        let watches = wallet.is_watch_only();
        let security = if wallet.lock() == LockState::Unencrypted {
            "Set one"
        } else {
            "Change"
        };
        let security = button_with(Icon::KeyRound, security, Press::Secondary)
            .id("wallet-passphrase")
            .on_press_maybe((!watches).then_some(Message::Security));
        let import = button_with(Icon::Plus, "Import", Press::Secondary)
            .id("wallet-import")
            .on_press_maybe(model.can_use_wallets().then_some(Message::OpenImport));
        let scanning = wallet.state.as_ref().and_then(|state| state.scanning);
        let rescan = self.rescan(scanning.is_none());
        let scan_words = scanning.map_or_else(
            || "looks through the chain for missed payments".to_owned(),
            |share| format!("scanning, {:.0} %", share * 100.0),
        );
        let path = wallet
            .state
            .as_ref()
            .map(|state| state.info.path.clone())
            .unwrap_or_default();
        let body = column![
            part(
                "File",
                text::mono(path).class(Tone::Soft).into(),
                iced::widget::space().into()
            ),
            part(
                "Backup",
                text::body(backup).class(backup_tone).into(),
                back_up.into()
            ),
            part("Passphrase", text::body(lock).into(), security.into()),
            part("Chain", text::body(scan_words).into(), rescan),
            part(
                "Descriptors",
                text::body("brings those of another wallet in, with or without keys").into(),
                import.into()
            ),
        ]
        .spacing(size::S3);
        let name = if wallet.name.is_empty() {
            "Default wallet"
        } else {
            &wallet.name
        };
        layout::titled_card(name, body)
    }

    /// From where on the chain is looked through again; `free` while no look is going on.
    fn rescan(&self, free: bool) -> Element<'_, Message> {
        row![
            Element::from(
                Field::new("rescan-from", &self.rescan_from)
                    .placeholder("from block 0")
                    .on_input(Message::RescanFrom)
                    .width(120.0)
            ),
            button("Scan again", Press::Secondary)
                .id("wallet-rescan")
                .on_press_maybe(free.then_some(Message::Rescan)),
        ]
        .spacing(size::S2)
        .into()
    }
}
