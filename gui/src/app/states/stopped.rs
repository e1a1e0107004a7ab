//! The card about a node that ended: cause, exit status, last lines of its log, what to do.

use iced::Alignment;
use iced::widget::{column, container, row, space};

use super::{action, placed};
use crate::Element;
use crate::app::Message;
use crate::app::trouble::{quoted_path, rights};
use crate::link::state::Exit;
use crate::link::{Control, Repair};
use crate::model::Model;
use crate::page::Event;
use crate::theme::{Icon, Press, Surface, Tone, fonts, size};
use crate::widget::button::button_with;
use crate::widget::{VirtualList, button, layout, text};

/// Lines of the log in view in the card.
const LOG_LINES: f32 = 8.0;

/// The card about a node that ended: cause, exit status, last lines of its log, what to do.
pub(super) fn stopped<'a>(model: &'a Model, exit: &'a Exit) -> Element<'a, Message> {
    let mut words = column![text::body(&exit.cause)].spacing(size::S2);
    let mut facts = vec![exit.status.clone()];
    facts.retain(|fact| !fact.is_empty());
    if !exit.log_file.is_empty() {
        facts.push(format!("log: {}", exit.log_file));
    }
    words = words.push(text::caption(facts.join(" · ")));
    if exit.killed {
        words = words.push(text::body(
            "A smaller cache needs less memory: for good in Settings, General, \"Cache for coins\".",
        ));
    }
    if exit.gave_up {
        words = words.push(text::body(
            "It ended several times in a row, so it is not started again by itself. \
             The last lines of the log below often name the reason.",
        ));
    }
    if let Some(help) = rights_help(exit) {
        words = words.push(text::body(help));
    }
    // The ways out stand above the log, so that they are in view where the card is cut.
    words = words.push(
        row(ways_out(model, exit))
            .spacing(size::S2)
            .wrap()
            .vertical_spacing(size::S2),
    );
    let repairs = repairs(exit);
    if !repairs.is_empty() {
        words = words.push(repair_rows(repairs));
    }
    if !exit.log.is_empty() {
        words = words.push(log_well(&exit.log));
    }
    let title = if exit.at_start {
        "The node did not start".to_owned()
    } else {
        format!("Node stopped {}", model.zone.short(exit.at, model.now))
    };
    placed(layout::notice(Tone::Bad, Icon::Power, title, words, vec![]))
}

/// Starting again, as before or with less, and the report.
fn ways_out<'a>(model: &'a Model, exit: &'a Exit) -> Vec<Element<'a, Message>> {
    let seconds = exit.restart_at.map(|at| (at - model.now).max(0));
    let restart = match seconds {
        Some(seconds) => format!("Restart (by itself in {seconds} s)"),
        None => "Restart".to_owned(),
    };
    let mut actions: Vec<Element<'a, Message>> = vec![
        button_with(Icon::RefreshCw, restart, Press::Primary)
            .id("stopped-restart")
            .on_press(Message::Control(Control::Restart))
            .into(),
    ];
    if seconds.is_some() {
        actions.push(action(
            "stopped-wait",
            "Do not restart",
            Control::StopTrying,
        ));
    }
    if exit.killed {
        actions.push(action(
            "stopped-small",
            "Restart with 300 MiB",
            Control::Repair(Repair::SmallCache),
        ));
    }
    if let Some(name) = &model.last_setting {
        actions.push(
            button(format!("Restart without -{name}"), Press::Secondary)
                .id("stopped-setting")
                .on_press(Message::ForgetSetting(name.clone()))
                .into(),
        );
    }
    let report = format!("{}\n{}\n{}", exit.cause, exit.status, exit.log.join("\n"));
    actions.push(
        button("Copy report", Press::Ghost)
            .id("stopped-copy")
            .on_press(Message::Wish(Event::Copy(report, "Report")))
            .into(),
    );
    actions
}

/// Who lacks which right, where that is what the node died of.
fn rights_help(exit: &Exit) -> Option<String> {
    let path = quoted_path(&exit.cause)?;
    rights(&exit.cause, path, exit.cause.contains("reate"))
}

/// The repairs that fit the reason: all of them for a node that ran, as what ended it may have left its files as they
/// should not be; for a start that failed, those that its own words ask for.
fn repairs(exit: &Exit) -> Vec<Repair> {
    let told = format!("{}\n{}", exit.cause, exit.log.join("\n")).to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| told.contains(word));
    if says(&["disk space", "no space left", "permission", "obtain a lock"]) {
        return Vec::new();
    }
    let ran = !exit.at_start;
    let mut fitting = Vec::new();
    if ran || says(&["chainstate", "coins database", "corrupt", "reindex"]) {
        fitting.push(Repair::Chainstate);
        fitting.push(Repair::Index);
    }
    if says(&["-skipbrokenwallets"]) {
        fitting.push(Repair::SkipBroken);
    }
    if ran || says(&["wallet"]) {
        fitting.push(Repair::NoWallets);
    }
    fitting
}

/// A repair in words: name, label, what it costs.
fn repair_words(repair: Repair) -> (&'static str, &'static str, &'static str) {
    match repair {
        Repair::Chainstate => (
            "stopped-chainstate",
            "Rebuild the coins",
            "reads all blocks again",
        ),
        Repair::Index => (
            "stopped-index",
            "Rebuild everything",
            "reads all block files again",
        ),
        Repair::SkipBroken => (
            "stopped-skip-broken",
            "Start without this wallet",
            "it stays as it is, the others open",
        ),
        Repair::NoWallets => (
            "stopped-no-wallets",
            "Start without wallets",
            "they stay as they are",
        ),
        Repair::SmallCache => (
            "stopped-small",
            "Restart with 300 MiB",
            "takes longer to catch up",
        ),
    }
}

fn repair_rows<'a>(repairs: Vec<Repair>) -> Element<'a, Message> {
    let buttons = repairs.into_iter().map(|repair| {
        let (id, label, cost) = repair_words(repair);
        row![
            action(id, label, Control::Repair(repair)),
            text::caption(cost)
        ]
        .spacing(size::S2)
        .align_y(Alignment::Center)
        .into()
    });
    column![
        text::caption("Restart with a repair:"),
        row(buttons)
            .spacing(size::S4)
            .wrap()
            .vertical_spacing(size::S2),
    ]
    .spacing(size::S2)
    .into()
}

fn log_well(lines: &[String]) -> Element<'_, Message> {
    let list = VirtualList::new("stopped-log", lines.len(), size::ROW_TEXT, |place| {
        lines.get(place).map_or_else(
            || space().into(),
            |line| {
                text::cut(line)
                    .font(fonts::MONO)
                    .size(size::TEXT_SMALL)
                    .into()
            },
        )
    })
    .follow(true);
    #[expect(clippy::cast_precision_loss, reason = "thirty lines at most")]
    let rows = (lines.len() as f32).min(LOG_LINES);
    container(Element::from(list))
        .class(Surface::Well)
        .padding(size::S2)
        .clip(true)
        .height(rows * size::ROW_TEXT + 2.0 * size::S2)
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(cause: &str) -> Exit {
        Exit {
            cause: cause.to_owned(),
            at_start: true,
            ..Exit::default()
        }
    }

    #[test]
    fn a_repair_is_offered_only_where_it_can_help() {
        let offered = |cause| repairs(&ended(cause));
        assert_eq!(
            offered("Error opening coins database. Please restart with -reindex-chainstate."),
            [Repair::Chainstate, Repair::Index]
        );
        assert_eq!(
            offered("Wallet file is not a database."),
            [Repair::NoWallets]
        );
        assert_eq!(
            offered(
                "Failed to verify database\nPlease restart with -skipbrokenwallets to go on without it."
            ),
            [Repair::SkipBroken, Repair::NoWallets]
        );
        let ran = Exit::default();
        assert_eq!(
            repairs(&ran),
            [Repair::Chainstate, Repair::Index, Repair::NoWallets]
        );
        for other in [
            "Error: Disk space is too low!",
            "Cannot write to directory '/srv/chain'; check permissions.",
            "Cannot obtain a lock on directory /srv/chain.",
            "Invalid port specified in -rpcport: 'x'",
        ] {
            assert_eq!(offered(other), [], "{other}");
        }
    }

    #[test]
    fn a_missing_right_is_told_with_path_and_command() {
        let help = rights_help(&ended(
            "Cannot write to directory '/srv/chain'; check permissions.",
        ));
        let help = help.expect("it is about a right");
        assert!(
            help.contains("/srv/chain") && help.contains("sudo chown"),
            "{help}"
        );
        assert_eq!(rights_help(&ended("Error: Disk space is too low!")), None);
    }
}
