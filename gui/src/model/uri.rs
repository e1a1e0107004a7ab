//! Payment requests as links: BIP21 with the scheme of each coin.

use primitives::{Amount, ChainParams};

/// What a link asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaymentRequest {
    /// To whom.
    pub address: String,
    /// How much.
    pub amount: Option<Amount>,
    /// For whom or what.
    pub label: String,
    /// For the payer.
    pub message: String,
}

/// Why a link cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// It is no link of this coin.
    #[error("This wallet pays links that begin with \"{expected}:\". This one does not: {given}")]
    OtherScheme {
        /// The scheme of this coin.
        expected: &'static str,
        /// How the link begins.
        given: String,
    },
    /// Two slashes after the scheme.
    #[error("\"{0}://\" is not a valid link. Use \"{0}:\" instead.")]
    Slashes(&'static str),
    /// A payment-protocol link.
    #[error(
        "This link asks for the payment protocol BIP70, which is not supported because it is not safe. Ask the seller for a plain address."
    )]
    PaymentProtocol,
    /// A parameter that must be understood is not.
    #[error("The link needs \"{0}\", which this program does not know.")]
    Required(String),
    /// The amount is no number of coins.
    #[error("The amount in the link is not valid.")]
    Amount,
    /// There is no address.
    #[error("The link holds no address.")]
    NoAddress,
    /// A parameter stands twice.
    #[error("The link holds \"{0}\" twice.")]
    Twice(String),
}

/// Whether `text` looks like a link of any payment scheme.
pub fn looks_like_link(text: &str, params: &ChainParams) -> bool {
    let text = text.trim();
    text.get(..params.uri_scheme.len() + 1)
        .is_some_and(|head| head.eq_ignore_ascii_case(&format!("{}:", params.uri_scheme)))
}

/// Reads a link.
///
/// # Errors
/// Why it cannot be used.
pub fn parse(text: &str, params: &'static ChainParams) -> Result<PaymentRequest, UriError> {
    let text = text.trim();
    if !looks_like_link(text, params) {
        return Err(UriError::OtherScheme {
            expected: params.uri_scheme,
            given: beginning(text),
        });
    }
    let rest = &text[params.uri_scheme.len() + 1..];
    if rest.starts_with("//") {
        return Err(UriError::Slashes(params.uri_scheme));
    }
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut request = PaymentRequest {
        address: decode(address),
        ..PaymentRequest::default()
    };
    let mut seen = Vec::new();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let (key, value) = (decode(key).to_ascii_lowercase(), decode(value));
        if matches!(key.as_str(), "amount" | "label" | "message") && seen.contains(&key) {
            return Err(UriError::Twice(key));
        }
        match key.as_str() {
            "amount" => {
                let amount = Amount::parse_coins(&value).map_err(|_| UriError::Amount)?;
                if amount < Amount::ZERO || amount > params.max_money {
                    return Err(UriError::Amount);
                }
                request.amount = Some(amount);
            }
            "label" => request.label = value,
            "message" => request.message = value,
            "r" if request.address.is_empty() => return Err(UriError::PaymentProtocol),
            _ if key.starts_with("req-") => return Err(UriError::Required(key)),
            _ => {}
        }
        seen.push(key);
    }
    if request.address.is_empty() {
        return Err(UriError::NoAddress);
    }
    Ok(request)
}

/// As much of a text as can be shown in a sentence.
fn beginning(text: &str) -> String {
    const LETTERS: usize = 40;
    let mut start: String = text.chars().take(LETTERS).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start
}

/// Writes a link.
pub fn format(request: &PaymentRequest, params: &ChainParams) -> String {
    let mut query = Vec::new();
    if let Some(amount) = request.amount {
        let text = amount.to_string();
        let text = text.trim_end_matches('0').trim_end_matches('.');
        query.push(format!("amount={text}"));
    }
    if !request.label.is_empty() {
        query.push(format!("label={}", encode(&request.label)));
    }
    if !request.message.is_empty() {
        query.push(format!("message={}", encode(&request.message)));
    }
    let mut uri = format!("{}:{}", params.uri_scheme, request.address);
    if !query.is_empty() {
        uri.push('?');
        uri.push_str(&query.join("&"));
    }
    uri
}

fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a string");
        }
        out
    })
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let ahead: Vec<u8> = rest.clone().take(2).collect();
            let hex = std::str::from_utf8(&ahead)
                .ok()
                .filter(|hex| hex.len() == 2);
            if let Some(value) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                bytes.push(value);
                rest.next();
                rest.next();
                continue;
            }
        }
        bytes.push(byte);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use primitives::{Coin, Network};

    fn params() -> &'static ChainParams {
        ChainParams::get(Coin::Bitcoin, Network::Main)
    }

    #[test]
    fn a_written_link_reads_back() {
        let request = PaymentRequest {
            address: "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4".to_owned(),
            amount: Some(Amount::from_sat(20_300_000)),
            label: "Müller & Söhne?".to_owned(),
            message: "100% = alles".to_owned(),
        };
        let uri = format(&request, params());
        assert!(
            uri.starts_with("bitcoin:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4?amount=0.203&")
        );
        assert_eq!(parse(&uri, params()), Ok(request));
    }

    #[test]
    fn unusable_links_say_why() {
        let error = |text: &str| parse(text, params()).expect_err(text);
        assert_eq!(error("bitcoin://addr"), UriError::Slashes("bitcoin"));
        let other = error("groestlcoin:addr").to_string();
        assert!(other.contains("\"bitcoin:\"") && other.contains("groestlcoin:addr"));
        let long = format!("x:{}", "é".repeat(90));
        assert!(error(&long).to_string().chars().count() < 130);
        assert_eq!(
            error("bitcoin:a?req-x=1"),
            UriError::Required("req-x".to_owned())
        );
        assert_eq!(error("bitcoin:?r=https://shop"), UriError::PaymentProtocol);
        assert_eq!(error("bitcoin:a?amount=x"), UriError::Amount);
        assert_eq!(error("bitcoin:a?amount=99999999"), UriError::Amount);
        assert_eq!(
            error("bitcoin:a?amount=1&amount=2"),
            UriError::Twice("amount".to_owned())
        );
        assert_eq!(error("bitcoin:"), UriError::NoAddress);
    }

    #[test]
    fn unknown_extras_and_upper_case_are_fine() {
        let request = parse("BITCOIN:ABC?AMOUNT=0.1&lightning=ln&x=%zz", params()).expect("valid");
        assert_eq!(
            (request.address.as_str(), request.amount),
            ("ABC", Some(Amount::from_sat(10_000_000)))
        );
    }
}
