//! What of the wallet in view a query fits.

use ipc_schema::AddressRow;

use super::{Hit, LEAST, MOST_HITS};
use crate::model::Rows;
use crate::model::history::Listed;

/// A search in a wallet: labels, addresses, ids of transactions, each also in part.
#[derive(Debug)]
pub struct Search {
    pub(super) query: String,
    pub(super) addresses: Rows<AddressRow>,
    pub(super) history: Listed,
}

impl Search {
    /// What is searched for.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// Searches.
    pub fn run(&self) -> Vec<Hit> {
        let query = self.query.as_str();
        let addresses = self.addresses.iter().filter(|row| row.is_mine);
        let found = addresses.filter(|row| holds(&row.label, query) || holds(&row.address, query));
        let mut hits: Vec<Hit> = found
            .take(MOST_HITS / 2)
            .map(|row| Hit::Address(row.address.clone(), row.label.clone()))
            .collect();
        let is_hex = query.len() > LEAST && query.bytes().all(|byte| byte.is_ascii_hexdigit());
        let rows = self.history.rows().map(|(_, row)| row);
        let found = rows.filter(|row| {
            holds(&row.label, query)
                || (is_hex && holds(&row.txid.to_string(), query))
                || row
                    .outputs
                    .iter()
                    .any(|output| holds(&output.address, query))
        });
        let left = MOST_HITS - hits.len();
        hits.extend(found.take(left).map(|row| {
            let name = crate::page::activity::rows::name(row);
            Hit::Transaction(row.txid, name)
        }));
        hits
    }
}

/// Whether `text` holds `part`, whatever the case of its letters. Makes no copies: a wallet has many rows.
fn holds(text: &str, part: &str) -> bool {
    if !part.is_ascii() {
        return text.to_lowercase().contains(&part.to_lowercase());
    }
    let (text, part) = (text.as_bytes(), part.as_bytes());
    text.windows(part.len())
        .any(|window| window.eq_ignore_ascii_case(part))
}
