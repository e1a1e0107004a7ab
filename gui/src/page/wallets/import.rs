//! The form that brings descriptors into the wallet in view, with the day from which on the chain is looked through.

use iced::Task;
use iced::widget::column;
use ipc_schema::IpcError;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::Element;
use crate::model::Model;
use crate::page::{Context, words};
use crate::theme::{Icon, Press, Tone, size};
use crate::widget::button::{button_with, check};
use crate::widget::{Field, text};

/// Letters of a descriptor's checksum.
const CHECKSUM: usize = 8;

/// The form.
#[derive(Debug, Default)]
pub struct Form {
    /// As typed or pasted; it may hold keys.
    descriptors: Zeroizing<String>,
    label: String,
    /// Year, month and day; empty for the first block.
    birth: String,
    /// Nothing was ever paid to them.
    unused: bool,
    /// New addresses come from them.
    active: bool,
    busy: bool,
    error: Option<String>,
}

/// What can happen in the form.
#[derive(Debug, Clone)]
pub enum Message {
    /// The descriptors were edited.
    Descriptors(String),
    /// The label was edited.
    Label(String),
    /// The birth date was edited.
    Birth(String),
    /// Nothing was ever paid to them.
    Unused,
    /// New addresses come from them.
    Active,
    /// Import them.
    Import,
    /// They were imported, or not.
    Done(Result<String, IpcError>),
}

impl Form {
    /// Handles a message; gives a sentence once everything is imported.
    pub(super) fn update(
        &mut self,
        message: Message,
        context: &Context<'_>,
    ) -> (Task<Message>, Option<String>) {
        self.error = None;
        match message {
            Message::Descriptors(text) => self.descriptors = Zeroizing::new(text),
            Message::Label(text) => self.label = text,
            Message::Birth(text) => self.birth = text,
            Message::Unused => self.unused = !self.unused,
            Message::Active => self.active = !self.active,
            Message::Import if !self.busy => match self.request() {
                Ok(body) => {
                    self.busy = true;
                    let (wallet, name) = (context.link.wallet(), context.wallet_name());
                    // To the wallet's own process: descriptors may hold keys.
                    let uri = crate::page::wallet_uri(&name);
                    let call = async move { wallet?.execute_rpc(body, uri).await };
                    return (Task::perform(call, Message::Done), None);
                }
                Err(error) => self.error = Some(error),
            },
            Message::Import => {}
            Message::Done(result) => {
                self.busy = false;
                let result = result.map_err(|error| words(&error));
                match result.and_then(|answer| judge(&answer)) {
                    Ok(words) => return (Task::none(), Some(words)),
                    Err(error) => self.error = Some(error),
                }
            }
        }
        (Task::none(), None)
    }

    /// The call of the wallet's command.
    fn request(&self) -> Result<String, String> {
        let descriptors = split(&self.descriptors);
        if descriptors.is_empty() {
            return Err("Type or paste at least one descriptor.".to_owned());
        }
        let birth = self.birth.trim();
        let timestamp = match birth {
            _ if self.unused => json!("now"),
            "" => json!(0),
            date => json!(seconds(date).ok_or_else(|| {
                "Write the day as year-month-day, for example 2024-05-31.".to_owned()
            })?),
        };
        let requests: Vec<Value> = descriptors
            .into_iter()
            .map(|desc| {
                let mut request = json!({"desc": desc, "timestamp": timestamp});
                if self.active {
                    request["active"] = json!(true);
                } else if !self.label.trim().is_empty() {
                    request["label"] = json!(self.label.trim());
                }
                request
            })
            .collect();
        let body = json!({
            "jsonrpc": "2.0", "id": 1, "method": "importdescriptors", "params": [requests],
        });
        Ok(body.to_string())
    }

    /// Draws the form.
    pub(super) fn view<'a>(&'a self, model: &'a Model) -> Element<'a, Message> {
        let descriptors = Field::new("import-descriptors", &self.descriptors)
            .label("Descriptors")
            .placeholder("wpkh([d34db33f/84h/0h/0h]xpub…/0/*)#checksum")
            .mono()
            .on_input(Message::Descriptors)
            .hint("Each with its checksum. Several may be pasted one after the other.");
        let label = Field::new("import-label", &self.label)
            .label("Label")
            .on_input(Message::Label)
            .hint("For payments to them; not for descriptors that give new addresses.");
        let mut birth = Field::new("import-birth", &self.birth)
            .label("First used on")
            .placeholder("2024-05-31");
        birth = if self.unused {
            birth.hint("Nothing is looked for in older blocks.")
        } else {
            birth
                .on_input(Message::Birth)
                .hint("The chain is looked through from that day on; empty: from its first block, which takes longest.")
        };
        let mut form = column![
            Element::from(descriptors),
            Element::from(label),
            Element::from(birth),
            check(
                "import-unused",
                "They were never used before now",
                self.unused,
                Some(Message::Unused)
            ),
            check(
                "import-active",
                "New addresses come from them",
                self.active,
                Some(Message::Active)
            ),
        ]
        .spacing(size::S3);
        if let Some(error) = &self.error {
            form = form.push(text::body(error).class(Tone::Bad));
        }
        if self.busy {
            form = form.push(text::caption(
                "The wallet looks through the chain. Tasks shows how far it is, and can stop it.",
            ));
        }
        let label = if self.busy { "Importing…" } else { "Import" };
        let ready = !self.busy && model.can_use_wallets() && !self.descriptors.trim().is_empty();
        form.push(
            button_with(Icon::Plus, label, Press::Primary)
                .id("import-confirm")
                .on_press_maybe(ready.then_some(Message::Import)),
        )
        .into()
    }
}

/// Descriptors that stand one after the other: between spaces, or (a pasted list loses its line ends) each behind the
/// checksum of the one before.
fn split(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    for word in text.split_whitespace() {
        let mut rest = word;
        while let Some((end, _)) = rest.char_indices().find(|(_, letter)| *letter == '#') {
            let end = end + 1 + CHECKSUM;
            match (rest.get(..end), rest.get(end..)) {
                (Some(one), Some(more)) if !more.is_empty() => {
                    all.push(one.to_owned());
                    rest = more;
                }
                _ => break,
            }
        }
        all.push(rest.to_owned());
    }
    all
}

/// Midnight (UTC) of a day written as year-month-day, in seconds since 1970.
fn seconds(date: &str) -> Option<i64> {
    let mut parts = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let in_range =
        (2009..=2200).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    if parts.next().is_some() || !in_range {
        return None;
    }
    // Days since 1970 in the Gregorian calendar, with years that begin in March.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days =
        365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(days * 86_400)
}

/// What the wallet says about each descriptor: a sentence for all of them, or the first refusal.
fn judge(answer: &str) -> Result<String, String> {
    let answer: Value =
        serde_json::from_str(answer).map_err(|_| "The answer is not JSON.".to_owned())?;
    let said = |error: &Value| {
        error
            .get("message")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
        return Err(said(error).unwrap_or_else(|| "The wallet refused.".to_owned()));
    }
    let none = Vec::new();
    let results = answer
        .get("result")
        .and_then(Value::as_array)
        .unwrap_or(&none);
    for (number, result) in results.iter().enumerate() {
        if result.get("success").and_then(Value::as_bool) != Some(true) {
            let why = result.get("error").and_then(said).unwrap_or_default();
            return Err(format!("Descriptor {} was not imported: {why}", number + 1));
        }
    }
    Ok(match results.len() {
        1 => "1 descriptor imported.".to_owned(),
        count => format!("{count} descriptors imported."),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pasted_list_is_taken_apart() {
        let one = "wpkh(xpub1/0/*)#abcdefgh";
        let two = "tr(xpub2/1/*)#12345678";
        for text in [
            format!("{one} {two}"),
            format!("{one}{two}"),
            format!(" {one}\n{two} "),
        ] {
            assert_eq!(split(&text), [one, two]);
        }
        assert_eq!(split("pkh(xpub)"), ["pkh(xpub)"]);
        assert_eq!(split("pkh(é)#é"), ["pkh(é)#é"]);
        assert!(split("  ").is_empty());
    }

    #[test]
    fn days_become_seconds() {
        assert_eq!(seconds("2009-01-03"), Some(1_230_940_800));
        assert_eq!(seconds("2024-02-29"), Some(1_709_164_800));
        for wrong in [
            "",
            "2024",
            "2024-13-01",
            "31.5.2024",
            "2024-05-31-1",
            "1-1-1",
        ] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_call_names_day_label_and_use() {
        let mut form = Form {
            descriptors: Zeroizing::new("wpkh(xpub/0/*)#abcdefgh".to_owned()),
            birth: "2024-02-29".to_owned(),
            label: "Old phone".to_owned(),
            ..Form::default()
        };
        let request = |form: &Form| -> Value {
            let body: Value =
                serde_json::from_str(&form.request().expect("complete")).expect("JSON");
            body["params"][0][0].clone()
        };
        assert_eq!(request(&form)["timestamp"], 1_709_164_800);
        assert_eq!(request(&form)["label"], "Old phone");
        (form.unused, form.active) = (true, true);
        assert_eq!(request(&form)["timestamp"], "now");
        assert_eq!(request(&form)["active"], true);
        assert_eq!(
            request(&form).get("label"),
            None,
            "the wallet takes no label for them"
        );
        (form.unused, form.birth) = (false, "soon".to_owned());
        assert!(
            form.request()
                .expect_err("no day")
                .contains("year-month-day")
        );
    }

    #[test]
    fn a_refusal_names_the_descriptor_and_the_reason() {
        let answer = r#"{"result": [{"success": true},
            {"success": false, "error": {"code": -5, "message": "Missing checksum"}}], "error": null}"#;
        let refusal = judge(answer).expect_err("one was refused");
        assert_eq!(refusal, "Descriptor 2 was not imported: Missing checksum");
        let done = judge(r#"{"result": [{"success": true}]}"#);
        assert_eq!(done, Ok("1 descriptor imported.".to_owned()));
        let locked = judge(r#"{"error": {"code": -13, "message": "Unlock first."}}"#);
        assert_eq!(locked, Err("Unlock first.".to_owned()));
    }
}
