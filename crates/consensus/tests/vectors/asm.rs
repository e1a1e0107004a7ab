//! The notation for scripts in Core's vectors.

use consensus::ScriptFlags;
use primitives::Script;
use primitives::hash::from_hex;
use primitives::script::opcodes::{OP_NOP, OP_NOP10, OP_RESERVED, name as opcode_name};

/// Reads words: numbers, `0x` raw bytes, quoted text, and opcodes with or without `OP_`.
pub(crate) fn parse_script(text: &str) -> Script {
    let mut script = Script::new();
    for word in text.split_ascii_whitespace() {
        script = if let Ok(number) = word.parse::<i64>() {
            script.push_int(number)
        } else if let Some(hex) = word.strip_prefix("0x") {
            let mut bytes = script.into_bytes();
            bytes.extend(from_hex(hex).unwrap_or_else(|| panic!("{word}")));
            Script::from(bytes)
        } else if let Some(text) = word.strip_prefix('\'') {
            script.push(text.strip_suffix('\'').unwrap().as_bytes())
        } else {
            script.op(opcode(word))
        };
    }
    script
}

fn opcode(word: &str) -> u8 {
    (OP_RESERVED..=OP_NOP10)
        .filter(|op| *op == OP_RESERVED || *op >= OP_NOP)
        .find(|op| {
            let name = opcode_name(*op);
            name == word || name.strip_prefix("OP_") == Some(word)
        })
        .unwrap_or_else(|| panic!("no opcode {word}"))
}

/// Reads names with commas between them.
pub(crate) fn parse_flags(text: &str) -> ScriptFlags {
    text.split(',')
        .filter(|name| !matches!(*name, "" | "NONE"))
        .map(|name| ScriptFlags::from_name(name).unwrap_or_else(|| panic!("no flag {name}")))
        .fold(ScriptFlags::NONE, |all, flag| all | flag)
}
