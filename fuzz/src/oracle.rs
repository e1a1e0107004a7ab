//! Every stored input, judged by both interpreters.

use consensus::ScriptFlags;
use primitives::{Tx, TxOut};
use testkit::vectors_dir;

use crate::case::{Case, FLAG_SETS, known_part};
use crate::cases::{ScriptCase, script_cases, tx_cases};
use crate::chains::stored;
use crate::tally;

/// How often the two were asked, and how often both said yes.
#[derive(Default)]
struct Tally {
    asked: u64,
    valid: u64,
}

impl Tally {
    fn judge(&mut self, case: &Case) -> Result<(), String> {
        case.judge()?;
        self.asked += 1;
        self.valid += u64::from(case.ours().is_ok());
        Ok(())
    }

    fn report(&self, what: &str) {
        let Self { asked, valid } = self;
        println!("oracle: {what}: {asked} verdicts, all the same; {valid} of them valid");
    }
}

/// Judges all stored inputs.
///
/// # Errors
/// The first difference, or what keeps the vectors from being read.
pub(crate) fn run() -> Result<(), String> {
    let dir = vectors_dir().ok_or("without test vectors there is nothing to judge")?;
    for stored in stored(&dir)? {
        let mut tally = Tally::default();
        let mut rotating = 0;
        stored.spends(|tx, spent, flags| {
            for input in 0..tx.inputs.len() {
                let mut case = Case::new(tx.data().clone(), spent.clone(), input);
                case.flags = number_of(known_part(flags));
                tally.judge(&case)?;
                // One of the other sets of rules as well, in turn.
                rotating = (rotating + 37) % FLAG_SETS;
                case.flags = rotating;
                tally.judge(&case)?;
                if rotating % 8 == 0 {
                    tally.judge(&damaged(case, rotating))?;
                }
            }
            Ok(())
        })?;
        tally.report(&stored.file);
    }
    transactions("tx_valid.json")?;
    transactions("tx_invalid.json")?;
    scripts()?;
    tally::tell();
    Ok(())
}

/// The number of a set of rules that the reference knows.
fn number_of(flags: ScriptFlags) -> u8 {
    let same = |number: &u8| crate::case::flag_set(*number) == flags;
    (0..FLAG_SETS).find(same).unwrap_or(FLAG_SETS - 1)
}

/// The case with one bit of its script or witness turned over.
fn damaged(mut case: Case, salt: u8) -> Case {
    let input = &mut case.tx.inputs[case.input];
    let mut script = std::mem::take(&mut input.script_sig).into_bytes();
    let mut parts: Vec<&mut Vec<u8>> = input.witness.iter_mut().collect();
    parts.push(&mut script);
    parts.retain(|part| !part.is_empty());
    let count = parts.len().max(1);
    if let Some(part) = parts.into_iter().nth(usize::from(salt) % count) {
        let place = usize::from(salt) * 7 % part.len();
        part[place] ^= 1 << (salt % 7);
    }
    case.tx.inputs[case.input].script_sig = script.into();
    case
}

/// Every input of a file's cases, under every set of rules that the reference knows.
fn transactions(name: &str) -> Result<(), String> {
    let mut tally = Tally::default();
    for case in tx_cases(name) {
        let known: Option<Vec<TxOut>> =
            prevouts(&case.tx, |place| case.prevouts.get(place).cloned());
        let Some(spent) = known else { continue };
        let (about, tx) = (case.flags, case.tx.data());
        for input in 0..tx.inputs.len() {
            let mut case = Case::new(tx.clone(), spent.clone(), input);
            for flags in 0..FLAG_SETS {
                case.flags = flags;
                tally
                    .judge(&case)
                    .map_err(|error| format!("{name}, {about}: {error}"))?;
            }
        }
    }
    tally.report(name);
    Ok(())
}

fn prevouts(tx: &Tx, find: impl Fn(&primitives::OutPoint) -> Option<TxOut>) -> Option<Vec<TxOut>> {
    tx.inputs.iter().map(|input| find(&input.prevout)).collect()
}

/// The scripts of the cases, under every set of rules that the reference knows.
fn scripts() -> Result<(), String> {
    let mut tally = Tally::default();
    for ScriptCase {
        spend,
        spent,
        flags: own,
        outcome,
        row,
    } in script_cases()
    {
        let mut case = Case::new(spend, vec![spent], 0);
        for flags in 0..FLAG_SETS {
            case.flags = flags;
            tally
                .judge(&case)
                .map_err(|error| format!("{row}: {error}"))?;
            // Where these are the rules of the case, its outcome is known beforehand.
            if case.flags() == own && case.ours().is_ok() != (outcome == "OK") {
                return Err(format!("{row}: both have another outcome"));
            }
        }
    }
    tally.report("script_tests.json");
    Ok(())
}
