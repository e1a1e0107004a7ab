//! The node's options: value in force, where it comes from, whether a change waits for a restart.

use iced::widget::{column, container, row};
use iced::{Alignment, Length};
use ipc_schema::{SettingInfo, SettingKind, SettingSource};
use serde_json::Value;

use super::{Message, Page, reset};
use crate::Element;
use crate::model::Model;
use crate::theme::{Press, Tone, size};
use crate::widget::button::check;
use crate::widget::{Field, button, layout, text};

/// Widest value beside its option; longer ones wrap.
const MOST_VALUE: f32 = 180.0;

/// A heading of the help page, short enough for a tab.
pub(super) fn short_heading(heading: &str) -> &str {
    let heading = heading.trim_end_matches(':');
    let short = heading.strip_suffix(" options").unwrap_or(heading);
    match short {
        "Options" | "options" => "General",
        "ZeroMQ notification" => "ZeroMQ",
        "Debugging/Testing" => "Debugging",
        "Wallet debugging/testing" => "Wallet tests",
        "Chain selection" => "Chain",
        "Node relay" => "Relay",
        "Block creation" => "Blocks",
        "RPC server" => "RPC",
        "IPC interprocess connection" => "IPC",
        other => other,
    }
}

/// Reads a typed value as the JSON text of the option's kind; `None` takes it out of the file.
pub(super) fn to_json(info: &SettingInfo, text: &str) -> Result<Option<String>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let value = match info.kind {
        SettingKind::Bool => Value::Bool(matches!(text, "1" | "true" | "yes" | "on")),
        SettingKind::Integer => {
            let number: i64 = text
                .parse()
                .map_err(|_| "This must be a whole number.".to_owned())?;
            Value::from(number)
        }
        SettingKind::List => Value::from(text.split_whitespace().collect::<Vec<_>>()),
        SettingKind::Amount | SettingKind::Text | SettingKind::Path => Value::from(text),
    };
    Ok(Some(value.to_string()))
}

/// A JSON text as people read it.
fn readable(json: &str) -> String {
    match serde_json::from_str::<Value>(json) {
        Ok(Value::String(text)) => text,
        Ok(Value::Array(items)) => {
            let items: Vec<String> = items
                .iter()
                .map(|item| {
                    item.as_str()
                        .map_or_else(|| item.to_string(), str::to_owned)
                })
                .collect();
            items.join(" ")
        }
        Ok(Value::Null) => String::new(),
        Ok(other) => other.to_string(),
        Err(_) => json.to_owned(),
    }
}

fn source_words(source: SettingSource) -> &'static str {
    match source {
        SettingSource::Forced => "set by the program",
        SettingSource::CommandLine => "from the command line",
        SettingSource::SettingsFile => "set here",
        SettingSource::ConfigFile => "from the configuration file",
        SettingSource::Default => "default",
    }
}

pub(super) fn view<'a>(page: &'a Page, model: &'a Model, category: &str) -> Element<'a, Message> {
    let rows: Vec<Element<'a, Message>> = model
        .settings
        .iter()
        .filter(|info| info.category == category)
        .map(|info| option(page, model, info))
        .collect();
    layout::card(column(rows).spacing(size::S5))
}

fn option<'a>(page: &'a Page, model: &'a Model, info: &'a SettingInfo) -> Element<'a, Message> {
    let up = model.connection.is_up();
    let mut facts = vec![source_words(info.source).to_owned()];
    if info.read_only {
        facts.push("chosen at the start".to_owned());
    } else if info.needs_restart {
        facts.push("changes after a restart".to_owned());
    }
    if info.overridden {
        facts.push("a stronger source hides what is set here".to_owned());
    }
    let tone = if info.overridden {
        Tone::Warn
    } else {
        Tone::Faint
    };
    let label = super::labels::label(&info.name);
    let words = column![
        text::strong(label.unwrap_or(&info.name)),
        text::body(&info.help).class(Tone::Soft),
        row![
            text::mono(format!("-{}", info.name)).class(Tone::Faint),
            text::caption(facts.join(" · ")).class(tone)
        ]
        .spacing(size::S3)
        .wrap(),
    ]
    .spacing(2.0);
    let drafted = page
        .draft
        .as_ref()
        .is_some_and(|(name, _)| *name == info.name);
    let control: Element<'a, Message> = match info.kind {
        _ if info.read_only => text::mono(shown(&info.value)).into(),
        SettingKind::Bool => {
            let on = readable(&info.value) == "true" || readable(&info.value) == "1";
            let next = Message::Set(info.name.clone(), Some((!on).to_string()));
            check(
                format!("option-{}", info.name),
                if on { "On" } else { "Off" },
                on,
                up.then_some(next),
            )
        }
        _ => value_field(page, info, up),
    };
    // A field that is being filled needs the whole width; everything else stands beside its words.
    if drafted {
        return column![words, control].spacing(size::S2).into();
    }
    let mut right = column![control].spacing(size::S1).align_x(Alignment::End);
    if !info.stored.is_empty() {
        right = right.push(reset(&info.name));
    }
    row![container(words).width(Length::Fill), right]
        .spacing(size::S4)
        .align_y(Alignment::Center)
        .into()
}

/// The value in force, in words where nothing is set.
fn shown(json: &str) -> String {
    Some(readable(json))
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| "not set".to_owned())
}

fn value_field<'a>(page: &'a Page, info: &'a SettingInfo, up: bool) -> Element<'a, Message> {
    let drafted = page.draft.as_ref().filter(|(name, _)| *name == info.name);
    let in_force = readable(&info.value);
    let error = page.error.as_ref().filter(|(name, _)| *name == info.name);
    let error = error.map(|(_, text)| text.clone());
    match drafted {
        Some((_, draft)) => {
            let store = button("Apply", Press::Primary)
                .id("option-apply")
                .on_press(Message::Store(info.name.clone()));
            let name = info.name.clone();
            container(Element::from(
                Field::new("option-draft", draft)
                    .placeholder("default")
                    .on_input(move |text| Message::Draft(name.clone(), text))
                    .on_submit(Message::Store(info.name.clone()))
                    .error(error)
                    .after(store),
            ))
            .max_width(480.0)
            .into()
        }
        None => {
            let edit = button("Change", Press::Secondary)
                .id(format!("option-{}", info.name))
                .on_press_maybe(up.then(|| Message::Draft(info.name.clone(), in_force.clone())));
            let value = container(text::mono(shown(&info.value))).max_width(MOST_VALUE);
            row![value, edit]
                .spacing(size::S3)
                .align_y(Alignment::Center)
                .into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(kind: SettingKind) -> SettingInfo {
        SettingInfo {
            kind,
            ..SettingInfo::default()
        }
    }

    #[test]
    fn typed_values_become_json_of_their_kind() {
        let check = |kind, text: &str, want: Option<&str>| {
            assert_eq!(
                to_json(&info(kind), text),
                Ok(want.map(str::to_owned)),
                "{text}"
            );
        };
        check(SettingKind::Integer, " 450 ", Some("450"));
        check(
            SettingKind::Text,
            "127.0.0.1:9050",
            Some("\"127.0.0.1:9050\""),
        );
        check(
            SettingKind::List,
            "net  mempool",
            Some("[\"net\",\"mempool\"]"),
        );
        check(SettingKind::Path, "", None);
        assert!(to_json(&info(SettingKind::Integer), "many").is_err());
    }

    #[test]
    fn headings_are_short() {
        assert_eq!(short_heading("Connection options"), "Connection");
        assert_eq!(short_heading("Options:"), "General");
        assert_eq!(short_heading("Chain selection options:"), "Chain");
    }
}
