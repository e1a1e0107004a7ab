use super::*;

#[test]
fn numbers_round_trip() {
    for value in [
        0,
        1,
        -1,
        16,
        127,
        128,
        -128,
        255,
        256,
        0x7fff,
        0x8000,
        -0x8000,
        0x7fff_ffff,
    ] {
        let bytes = encode_number(value);
        assert_eq!(decode_number(&bytes, true, 5), Ok(value));
    }
    assert_eq!(decode_number(&[0], true, 4), Err(NumberError::NotMinimal));
    assert_eq!(
        decode_number(&[0x80], true, 4),
        Err(NumberError::NotMinimal)
    );
    assert_eq!(decode_number(&[0x80, 0], true, 4), Ok(128));
    assert_eq!(
        decode_number(&[1, 0], true, 4),
        Err(NumberError::NotMinimal)
    );
    assert_eq!(decode_number(&[1, 0], false, 4), Ok(1));
    assert_eq!(decode_number(&[1; 5], false, 4), Err(NumberError::Overflow));
}

#[test]
fn standard_forms_are_recognised() {
    let hash = Hash160([7; 20]);
    let check = |script: Script, name: &str| assert_eq!(script.kind().name(), name, "{script}");
    check(Script::pay_to_pubkey(&[2; 33]), "pubkey");
    check(Script::pay_to_pubkey(&[9; 33]), "nonstandard");
    check(Script::pay_to_pubkey_hash(&hash), "pubkeyhash");
    check(Script::pay_to_script_hash(&hash), "scripthash");
    check(Script::witness_program(0, &[1; 20]), "witness_v0_keyhash");
    check(
        Script::witness_program(0, &[1; 32]),
        "witness_v0_scripthash",
    );
    check(Script::witness_program(0, &[1; 21]), "nonstandard");
    check(Script::witness_program(1, &[1; 32]), "witness_v1_taproot");
    check(Script::witness_program(1, &[0x4e, 0x73]), "anchor");
    check(Script::witness_program(1, &[1; 33]), "witness_unknown");
    check(Script::witness_program(16, &[1; 40]), "witness_unknown");
    check(Script::new().op(OP_RETURN).push(&[1; 80]), "nulldata");
    check(Script::new().op(OP_RETURN).op(OP_DUP), "nonstandard");
    check(Script::new(), "nonstandard");
    let keys = Script::new().push_int(1).push(&[2; 33]).push(&[3; 33]);
    check(keys.clone().push_int(2).op(OP_CHECKMULTISIG), "multisig");
    check(keys.clone().push_int(3).op(OP_CHECKMULTISIG), "nonstandard");
    check(
        keys.push_int(2).op(OP_CHECKMULTISIG).op(OP_CHECKMULTISIG),
        "nonstandard",
    );
}

#[test]
fn a_push_past_the_end_is_an_error_once() {
    let script = Script::from(vec![OP_DUP, OP_PUSHDATA2, 3, 0, 1, 2]);
    let pieces: Vec<_> = script.instructions().collect();
    assert_eq!(pieces.len(), 2);
    assert_eq!(pieces[1], Err(BadPush));
    assert!(!Script::from(vec![OP_PUSHDATA4]).is_push_only());
}

#[test]
fn pushes_take_the_shortest_prefix() {
    for (len, prefix) in [
        (0, 1),
        (75, 1),
        (76, 2),
        (255, 2),
        (256, 3),
        (65_535, 3),
        (65_536, 5),
    ] {
        let script = Script::new().push(&vec![1; len]);
        assert_eq!(script.len(), len + prefix);
        assert_eq!(
            script.instructions().next().unwrap().unwrap().data.len(),
            len
        );
    }
}
