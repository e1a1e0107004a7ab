use primitives::script::opcodes::*;
use primitives::{HashScheme, Script};

use super::*;

#[test]
fn flags_are_named_and_complete() {
    assert_eq!(ScriptFlags::all().count(), 21);
    for (name, flag) in ScriptFlags::all() {
        assert_eq!(ScriptFlags::from_name(name), Some(flag));
        assert_eq!(flag.to_string(), name);
        assert!(!(!flag).contains(flag));
    }
    assert_eq!(
        !ScriptFlags::NONE & !ScriptFlags::STANDARD,
        ScriptFlags::SIGPUSHONLY
    );
    assert_eq!(
        ScriptFlags::MANDATORY.to_string(),
        "CHECKLOCKTIMEVERIFY,CHECKSEQUENCEVERIFY,DERSIG,NULLDUMMY,P2SH,TAPROOT,WITNESS"
    );
}

#[test]
fn find_and_delete_looks_at_pieces() {
    let check = |script: &[u8], pattern: &[u8], expected: &[u8], count| {
        let (rest, found) = find_and_delete(script, pattern);
        assert_eq!((rest.as_ref(), found), (expected, count), "{script:?}");
    };
    check(&[OP_1, OP_2], &[], &[OP_1, OP_2], 0);
    check(&[OP_1, OP_2, OP_3], &[OP_2], &[OP_1, OP_3], 1);
    check(
        &[OP_3, OP_1, OP_3, OP_3, OP_4, OP_3],
        &[OP_3],
        &[OP_1, OP_4],
        4,
    );
    // Inside of a push nothing is found, also where the push is the pattern's end.
    check(&[2, 1, 0xff, OP_1], &[1, 0xff], &[2, 1, 0xff, OP_1], 0);
    check(
        &[2, 0xfe, 0xed, OP_1, 0x69],
        &[2, 0xfe, 0xed, OP_1, 0x69],
        &[],
        1,
    );
    // A pattern may cover more than one piece, and half of one: then the rest is read anew.
    check(&[OP_0, OP_0, OP_1, OP_1], &[OP_0, OP_1], &[OP_0, OP_1], 1);
    check(
        &[3, 0xaa, 0xbb, 0xcc, OP_1],
        &[3, 0xaa],
        &[0xbb, 0xcc, OP_1],
        1,
    );
    // What is no piece stays.
    check(&[OP_3, 5, OP_3], &[OP_3], &[5, OP_3], 1);
}

#[test]
fn signature_operations() {
    let check = |script: &[u8], accurate, count| assert_eq!(sigop_count(script, accurate), count);
    let multisig = [OP_1, OP_2, OP_CHECKMULTISIG, OP_CHECKSIG, OP_CHECKSIGVERIFY];
    check(&multisig, false, 22);
    check(&multisig, true, 4);
    check(&[OP_0, OP_CHECKMULTISIGVERIFY], true, 20);
    check(&[OP_CHECKSIG, 5, OP_CHECKSIG], true, 1);
    // Behind a script hash and in a witness.
    let redeem = Script::from(multisig.to_vec());
    assert_eq!(p2sh_sigop_count(&Script::new().push(&redeem)), 4);
    assert_eq!(p2sh_sigop_count(&Script::new().op(OP_NOP).push(&redeem)), 0);
    let witness_count = |version, program: &[u8], witness: &[Vec<u8>]| {
        let script = Script::witness_program(version, program);
        count_witness_sigops(&Script::new(), &script, witness, ScriptFlags::MANDATORY)
    };
    assert_eq!(witness_count(0, &[0; 20], &[]), 1);
    assert_eq!(witness_count(0, &[0; 32], &[multisig.to_vec()]), 4);
    assert_eq!(witness_count(1, &[0; 32], &[multisig.to_vec()]), 0);
}

/// Rules of tapscript that no shared vector reaches: a script alone, with this budget.
fn tapscript(stack: &[&[u8]], script: &[u8], budget: i64) -> Result<usize, ScriptError> {
    let mut data = ExecutionData {
        validation_weight_left: budget,
        ..ExecutionData::default()
    };
    let mut stack: Stack<'_> = stack.iter().map(|e| Element::Borrowed(e)).collect();
    let (flags, version) = (ScriptFlags::MANDATORY, SigVersion::Tapscript);
    let mut checker = DummyChecker(HashScheme::Bitcoin);
    eval_script(&mut stack, script, flags, &mut checker, version, &mut data)?;
    Ok(stack.len())
}

#[test]
fn tapscript_budget_and_keys() {
    let key = [2; 33];
    let push_key = |times: usize| {
        (0..times).fold(Script::new(), |s, _| {
            s.op(OP_DUP).push(&key).op(OP_CHECKSIGVERIFY)
        })
    };
    // Signatures for keys of an unknown kind are not checked, but cost.
    assert_eq!(tapscript(&[&[1]], &push_key(2), 100), Ok(1));
    assert_eq!(
        tapscript(&[&[1]], &push_key(3), 100),
        Err(ScriptError::TapscriptValidationWeight)
    );
    let empty_key = Script::new().op(OP_0).op(OP_CHECKSIG);
    assert_eq!(
        tapscript(&[&[]], &empty_key, 0),
        Err(ScriptError::TapscriptEmptyPubkey)
    );
    let known_key = Script::new().push(&[2; 32]).op(OP_CHECKSIG);
    assert_eq!(
        tapscript(&[&[]], &known_key, 0),
        Ok(1),
        "an empty signature is only false"
    );
    assert_eq!(
        tapscript(&[&[1]], &known_key, 50),
        Err(ScriptError::SchnorrSig)
    );
    assert_eq!(
        tapscript(&[&[]], &[OP_CHECKMULTISIG], 0),
        Err(ScriptError::TapscriptCheckmultisig)
    );
    assert_eq!(
        tapscript(&[&[2]], &[OP_IF, OP_ENDIF], 0),
        Err(ScriptError::TapscriptMinimalif)
    );
    // No limit of 201 operations or 10,000 bytes.
    assert_eq!(tapscript(&[], &[OP_NOP; 20_000], 0), Ok(0));
    assert_eq!(
        tapscript(&[], &[OP_1; 1001], 0),
        Err(ScriptError::StackSize)
    );
}
