//! Scripts and transactions, judged by both interpreters.

use bitcoinconsensus::Error;
use consensus::{ScriptFlags, check_transaction};
use libfuzzer_sys::Corpus;
use primitives::params::{ChainParams, Coin, Network};
use primitives::{HashScheme, Tx, TxOut};

use crate::case::{Case, SCHEME, ask};
use crate::tally;

/// A spend, under the rules that the input names.
pub(crate) fn script(data: &[u8]) -> Corpus {
    let Some(case) = Case::decode(data) else {
        return Corpus::Reject;
    };
    agree(&case);
    monotonous(&case);
    Corpus::Keep
}

/// The bytes of a transaction: that both can read the same ones, and what they say of its inputs.
pub(crate) fn transaction(data: &[u8]) -> Corpus {
    let Ok((flags, input, spent, bytes)) = Case::decode_head(data) else {
        return Corpus::Reject;
    };
    let ours = Tx::from_bytes(bytes, SCHEME);
    let nothing: &[TxOut] = &[];
    // Without outputs to spend the reference gets no further than to reading.
    let theirs = ask(bytes, nothing, usize::MAX, ScriptFlags::NONE);
    let readable = !matches!(
        theirs,
        Err(Error::ERR_TX_DESERIALIZE | Error::ERR_TX_SIZE_MISMATCH)
    );
    if let Ok(tx) = &ours {
        assert!(readable, "only we can read {bytes:?}");
        assert_eq!(tx.to_bytes(), bytes, "what was read is written the same");
        assert_eq!(tx.weight(), tx.size(false) * 3 + bytes.len());
    } else if readable && trailing(bytes).is_none() {
        panic!("only the reference can read {bytes:?}: {ours:?}");
    }
    let Ok(tx) = ours else {
        return Corpus::Keep;
    };
    let params = ChainParams::get(Coin::Bitcoin, Network::Main);
    let _judged = check_transaction(&tx, params);
    let other = Tx::from_bytes(bytes, HashScheme::Groestl).map(|tx| tx.wtxid());
    assert!(other.is_ok(), "the hashes do not matter for reading");
    if let Some(case) = Case::fitted(flags, input, spent, tx.into_data()) {
        agree(&case);
    }
    Corpus::Keep
}

/// The bytes after a transaction, where it is followed by some.
fn trailing(bytes: &[u8]) -> Option<usize> {
    let mut reader = primitives::encode::Reader::new(bytes);
    Tx::decode(&mut reader, SCHEME).ok()?;
    Some(reader.rest().len()).filter(|left| *left > 0)
}

fn agree(case: &Case) {
    if let Err(difference) = case.judge() {
        panic!("{difference}");
    }
    tally::tell_at_times();
}

/// Every rule only takes away: what all rules allow, fewer rules allow.
fn monotonous(case: &Case) {
    if case.ours().is_ok() {
        let mut fewer = case.clone();
        for place in 0..7 {
            fewer.flags = case.flags & !(1 << place);
            // Without this rule the witness would have no place.
            if fewer.flags().contains(ScriptFlags::WITNESS)
                == case.flags().contains(ScriptFlags::WITNESS)
            {
                assert!(
                    fewer.ours().is_ok(),
                    "{} allows more than {}",
                    case.flags(),
                    fewer.flags()
                );
            }
        }
    }
}
