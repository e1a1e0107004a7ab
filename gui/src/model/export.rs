//! Files that other programs read: the history as CSV, labels as BIP329 lines.

use ipc_schema::{AddressRow, TxKind, TxRow, TxState};
use serde_json::{Value, json};

use super::clock::Zone;
use super::history::Listed;
use super::rows::Rows;

/// Writes the rows of a list as CSV, with Core's columns.
pub fn csv(list: &Listed, ticker: &str, zone: &Zone) -> String {
    let mut out = format!(
        "\"Confirmed\",\"Date\",\"Type\",\"Label\",\"Address\",\"Amount ({ticker})\",\"ID\"\n"
    );
    for (_, row) in list.rows() {
        let confirmed = matches!(row.state, TxState::Confirmed { .. });
        let address = row
            .outputs
            .first()
            .map(|output| output.address.as_str())
            .unwrap_or_default();
        let fields = [
            confirmed.to_string(),
            zone.iso(row.time),
            kind(row).to_owned(),
            row.label.clone(),
            address.to_owned(),
            row.amount.to_string(),
            row.txid.to_string(),
        ];
        let line: Vec<String> = fields.iter().map(|field| quoted(field)).collect();
        out.push_str(&line.join(","));
        out.push('\n');
    }
    out
}

fn kind(row: &TxRow) -> &'static str {
    match row.kind {
        TxKind::Received => "Received with",
        TxKind::Sent => "Sent to",
        TxKind::SelfTransfer => "Payment to yourself",
        TxKind::Mined => "Mined",
    }
}

/// A field between quotes. A leading sign that a spreadsheet would take for a formula is kept from that.
fn quoted(field: &str) -> String {
    let harmless = field.parse::<f64>().is_ok();
    let guard = if !harmless && field.starts_with(['=', '+', '-', '@']) {
        "'"
    } else {
        ""
    };
    format!("\"{guard}{}\"", field.replace('"', "\"\""))
}

/// Writes all labels of addresses as BIP329 lines.
pub fn labels(addresses: &Rows<AddressRow>) -> String {
    addresses
        .iter()
        .filter(|row| !row.label.is_empty())
        .map(|row| {
            format!(
                "{}\n",
                json!({"type": "addr", "ref": row.address, "label": row.label})
            )
        })
        .collect()
}

/// Labels read from a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadLabels {
    /// Address and label.
    pub labels: Vec<(String, String)>,
    /// Lines that were skipped: number and reason.
    pub skipped: Vec<(usize, &'static str)>,
}

/// Reads BIP329 lines.
pub fn read_labels(text: &str) -> ReadLabels {
    let mut read = ReadLabels::default();
    for (number, line) in (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let Ok(value) = serde_json::from_str::<Value>(line) else {
            read.skipped.push((number, "not JSON"));
            continue;
        };
        let field = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        match (field("type").as_deref(), field("ref"), field("label")) {
            (Some("addr"), Some(address), Some(label)) => read.labels.push((address, label)),
            (Some("addr"), _, _) => read.skipped.push((number, "no address or no label")),
            (Some(_), _, _) => read.skipped.push((number, "not the label of an address")),
            (None, _, _) => read.skipped.push((number, "no type")),
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::History;
    use ipc_schema::{TxOutputRow, TxPage};
    use primitives::Amount;

    #[test]
    fn quotes_and_formulas_do_no_harm() {
        let row = TxRow {
            label: "=HYPERLINK(\"x\")".to_owned(),
            amount: Amount::from_sat(-1_200_000),
            kind: TxKind::Sent,
            outputs: vec![TxOutputRow {
                address: "bc1q".to_owned(),
                ..Default::default()
            }],
            ..TxRow::default()
        };
        let mut history = History::default();
        history.apply_page(
            TxPage {
                rows: vec![row],
                ..TxPage::default()
            },
            true,
        );
        let text = csv(&history.listed(), "BTC", &Zone::utc());
        let line = text.lines().nth(1).expect("a row");
        assert!(line.starts_with(
            "\"false\",\"1970-01-01T00:00:00\",\"Sent to\",\"'=HYPERLINK(\"\"x\"\")\",\"bc1q\",\"-0.01200000\","
        ), "{line}");
    }

    #[test]
    fn labels_travel_and_what_is_skipped_has_a_reason() {
        let row = AddressRow {
            address: "bc1q".to_owned(),
            label: "Müller \"&\" Söhne".to_owned(),
            ..AddressRow::default()
        };
        let mut text = labels(&vec![row, AddressRow::default()].into());
        assert_eq!(text.lines().count(), 1);
        text.push_str("{\"type\":\"tx\",\"ref\":\"ab\",\"label\":\"x\"}\nnonsense\n");
        let read = read_labels(&text);
        assert_eq!(
            read.labels,
            [("bc1q".to_owned(), "Müller \"&\" Söhne".to_owned())]
        );
        assert_eq!(
            read.skipped,
            [(2, "not the label of an address"), (3, "not JSON")]
        );
    }
}
