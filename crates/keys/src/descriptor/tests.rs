use std::str::FromStr;

use primitives::hash_scheme::sha256;
use primitives::{Coin, Network};
use testkit::{chain_vectors, core_vectors};

use super::*;
use crate::bip32::HARDENED;

fn bitcoin() -> &'static ChainParams {
    ChainParams::get(Coin::Bitcoin, Network::Main)
}

const XPRV: &str = "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi";
const XPUB: &str = "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8";
const KEY: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

#[test]
fn addresses_of_every_coin_follow_the_vectors() {
    let Some(vectors) = chain_vectors() else {
        return;
    };
    for vector in vectors.of_kind("keys") {
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned).unwrap();
        let coin = Coin::from_str(&text(&vector["coin"])).unwrap();
        let network = Network::from_str(&text(&vector["network"])).unwrap();
        let params = ChainParams::get(coin, network);
        let out = &vector["output"];
        let wif = text(&out["wif_compressed"]);
        let key = PrivateKey::from_wif(&wif, params).unwrap();
        assert_eq!(key.to_wif(params), wif);
        assert_eq!(
            text(&out["pubkey"]),
            primitives::hash::to_hex(&key.public_key_bytes())
        );
        let check = |descriptor: String, script: &str| {
            let parsed = Descriptor::parse_one(&descriptor, params).unwrap();
            let scripts = parsed.expand_alone(0).unwrap().scripts;
            assert_eq!(scripts[0].to_string(), text(&out[script]), "{descriptor}");
        };
        check(format!("pkh({wif})"), "pkh_script");
        check(format!("wpkh({wif})"), "wpkh_script");
        check(format!("sh(wpkh({wif}))"), "shwpkh_script");
        check(format!("wsh(pk({wif}))"), "wsh_script");
        check(format!("tr({wif})"), "tr_script");
        check(format!("addr({})", text(&out["tr"])), "tr_script");
    }
}

#[test]
fn extended_keys_follow_the_vectors() {
    let Some(vectors) = chain_vectors() else {
        return;
    };
    for vector in vectors.of_kind("bip32") {
        let coin = Coin::from_str(vector["coin"].as_str().unwrap()).unwrap();
        let network = Network::from_str(vector["network"].as_str().unwrap()).unwrap();
        let params = ChainParams::get(coin, network);
        let seed = testkit::from_hex(&vector["input"]["seed"]);
        let mut key = Xpriv::from_seed(&seed).unwrap();
        let path = vector["input"]["path"].as_array().unwrap();
        let mut steps = path
            .iter()
            .map(|step| u32::try_from(step.as_u64().unwrap()).unwrap());
        for pair in vector["output"].as_array().unwrap() {
            let (xprv, xpub) = (pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
            assert_eq!(key.to_text(params), xprv);
            assert_eq!(key.xpub().to_text(params), xpub);
            assert_eq!(Xpriv::from_text(xprv, params), Ok(key.clone()));
            assert_eq!(Xpub::from_text(xpub, params), Ok(key.xpub()));
            if let Some(step) = steps.next() {
                if step & HARDENED == 0 {
                    assert_eq!(
                        key.xpub().child(step).unwrap(),
                        key.child(step).unwrap().xpub()
                    );
                }
                key = key.child(step).unwrap();
            }
        }
    }
}

#[test]
fn script_trees_follow_bip341() {
    let Some(vectors) = core_vectors("bip341_wallet_vectors.json") else {
        return;
    };
    for case in vectors["scriptPubKey"].as_array().unwrap() {
        let tree = &case["given"]["scriptTree"];
        fn build(value: &serde_json::Value) -> Option<taproot::ScriptTree> {
            match value {
                serde_json::Value::Array(pair) => Some(taproot::ScriptTree::Branch(
                    Box::new(build(&pair[0])?),
                    Box::new(build(&pair[1])?),
                )),
                // Other leaf versions than tapscript are not made by descriptors.
                leaf if leaf["leafVersion"] == 192 => Some(taproot::ScriptTree::Leaf(
                    Script::from(testkit::from_hex(&leaf["script"])),
                )),
                _ => None,
            }
        }
        let built = build(tree);
        if built.is_none() && !tree.is_null() {
            continue;
        }
        let internal = testkit::from_hex(&case["given"]["internalPubkey"]);
        let key = secp256k1::PublicKey::from_slice(&[&[2], internal.as_slice()].concat()).unwrap();
        let (output, spend) = taproot::output(&key, built.as_ref()).unwrap();
        let script = Script::witness_program(1, &output);
        assert_eq!(
            script.to_string(),
            case["expected"]["scriptPubKey"].as_str().unwrap()
        );
        if let Some(blocks) = case["expected"]["scriptPathControlBlocks"].as_array() {
            for (_, control) in &spend.leaves {
                let hex = primitives::hash::to_hex(control);
                assert!(blocks.iter().any(|block| block == hex.as_str()), "{hex}");
            }
        }
    }
}

#[test]
fn sorted_keys_follow_bip67() {
    let Some(cases) = core_vectors("rpc_bip67.json") else {
        return;
    };
    let params = ChainParams::get(Coin::Bitcoin, Network::Regtest);
    let join = |keys: &serde_json::Value| {
        let keys = keys.as_array().unwrap().iter();
        let texts: Vec<&str> = keys.map(|key| key.as_str().unwrap()).collect();
        texts.join(",")
    };
    for case in cases.as_array().unwrap() {
        let check = |descriptor: &str, expected: &str| {
            let parsed = Descriptor::parse_one(descriptor, params).unwrap();
            let scripts = parsed.expand_alone(0).unwrap().scripts;
            assert_eq!(scripts[0].to_string(), expected, "{descriptor}");
        };
        let script = testkit::from_hex(&case["script"]);
        let program = Script::witness_program(0, &sha256(&script)).to_string();
        let (keys, sorted) = (join(&case["keys"]), join(&case["sorted_keys"]));
        check(&format!("wsh(sortedmulti(2,{keys}))"), &program);
        check(&format!("wsh(multi(2,{sorted}))"), &program);
        let address = case["address"].as_str().unwrap();
        let hashed = Destination::from_address(address, params)
            .unwrap()
            .to_script();
        check(&format!("sh(sortedmulti(2,{keys}))"), &hashed.to_string());
    }
}

#[test]
fn texts_are_written_as_they_were_read() {
    let check = |text: &str| {
        let parsed = Descriptor::parse_one(text, bitcoin()).unwrap();
        let written = parsed.to_text(bitcoin());
        assert_eq!(written.split('#').next().unwrap(), text);
        assert_eq!(
            Descriptor::parse(&written, bitcoin(), true).unwrap(),
            vec![parsed]
        );
    };
    check(&format!("wpkh({XPUB}/1/*)"));
    check(&format!(
        "sh(wsh(sortedmulti(1,{KEY},[00000001/44h/1h]{XPUB}/0/*)))"
    ));
    check(&format!(
        "tr({KEY},{{pk({XPUB}/*),{{multi_a(1,{KEY}),sortedmulti_a(1,{KEY},{KEY})}}}})"
    ));
    check(&format!("pkh([d34db33f/44'/0']{XPUB}/1/*)"));
    check("raw(6a)");
    check(&format!("rawtr({})", &KEY[2..]));
}

#[test]
fn private_keys_are_hidden_and_shown() {
    let text = format!("wpkh({XPRV}/84h/0h/0h/0/*)");
    let parsed = Descriptor::parse_one(&text, bitcoin()).unwrap();
    assert!(parsed.has_private_keys());
    assert!(!parsed.to_text(bitcoin()).contains("xprv"));
    assert!(
        parsed
            .to_private_text(&NoSecrets, bitcoin())
            .starts_with(&text)
    );
    let normalized = parsed
        .to_normalized_text(&NoSecrets, &DescriptorCache::default(), bitcoin())
        .unwrap();
    assert!(
        normalized.starts_with("wpkh([3442193e/84h/0h/0h]xpub6"),
        "{normalized}"
    );
    let again = Descriptor::parse_one(&normalized, bitcoin()).unwrap();
    let script = |d: &Descriptor| d.expand_alone(7).unwrap().scripts;
    assert_eq!(script(&parsed), script(&again));
}

#[test]
fn a_locked_wallet_goes_on_with_the_cache() {
    let open = Descriptor::parse_one(&format!("tr({XPRV}/86h/0h/0h/0/*)"), bitcoin()).unwrap();
    let closed = Descriptor::parse_one(&open.to_text(bitcoin()), bitcoin()).unwrap();
    assert_eq!(open.id(bitcoin()), closed.id(bitcoin()));
    let mut cache = DescriptorCache::default();
    let empty = DescriptorCache::default();
    let first = open.expand(0, &NoSecrets, &empty, &mut cache).unwrap();
    assert!(!cache.is_empty());
    let mut fresh = DescriptorCache::default();
    let error = closed
        .expand(1, &NoSecrets, &empty, &mut fresh)
        .unwrap_err();
    assert_eq!(error, DescriptorError::NeedsPrivateKey);
    let again = closed.expand(0, &NoSecrets, &cache, &mut fresh).unwrap();
    assert_eq!(first.scripts, again.scripts);
    assert_eq!(
        closed
            .expand(9, &NoSecrets, &cache, &mut fresh)
            .unwrap()
            .scripts,
        open.expand_alone(9).unwrap().scripts
    );
}

#[test]
fn the_cache_holds_what_core_reads_a_descriptor_from() {
    for (text, parents, derived, last_hardened) in [
        (format!("wpkh({XPUB})"), 1, 0, 0),
        (format!("wpkh({XPUB}/0/5)"), 1, 0, 0),
        (format!("wpkh({XPRV}/0h/5)"), 1, 0, 1),
        (format!("unused({XPRV})"), 1, 0, 0),
        (format!("multi(1,{XPUB}/0/*,{XPRV}/1h/*)"), 2, 0, 1),
        (format!("wpkh({XPRV}/0h/*h)"), 0, 1, 0),
        (format!("wpkh({KEY})"), 0, 0, 0),
    ] {
        let made = Descriptor::parse_one(&text, bitcoin()).unwrap();
        let mut cache = DescriptorCache::default();
        made.expand(0, &NoSecrets, &DescriptorCache::default(), &mut cache)
            .unwrap();
        let sizes = [
            cache.parents.len(),
            cache.derived.len(),
            cache.last_hardened.len(),
        ];
        assert_eq!(sizes, [parents, derived, last_hardened], "{text}");
    }
}

#[test]
fn multipath_gives_one_descriptor_for_each_branch() {
    let both = Descriptor::parse(&format!("wpkh({XPUB}/<0;1>/*)"), bitcoin(), false).unwrap();
    let one = |branch: u8| Descriptor::parse_one(&format!("wpkh({XPUB}/{branch}/*)"), bitcoin());
    assert_eq!(both, vec![one(0).unwrap(), one(1).unwrap()]);
}

#[test]
fn faults_are_named_as_in_core() {
    let check = |text: &str, error: &str| {
        let found = Descriptor::parse(text, bitcoin(), false).unwrap_err();
        assert_eq!(found.to_string(), error, "{text}");
    };
    check("wpkh()", "wpkh(): No key provided");
    check("pk(x)", "pk(): key 'x' is not valid");
    check("unused()", "No key provided");
    check("pkh( 02)", "pkh(): Key ' 02' is invalid due to whitespace");
    check("", "'' is not a valid descriptor function");
    check("foo(1)", "'foo(1)' is not a valid descriptor function");
    check("sh(sh(pk(02)))", "Can only have sh() at top level");
    check(
        "wsh(wpkh(02))",
        "Can only have wpkh() at top level or inside sh()",
    );
    check(
        "pk(02)#1234567",
        "Expected 8 character checksum, not 7 characters",
    );
    check("pk(02)##", "Multiple '#' symbols");
    check(
        &format!("multi(3,{KEY},{KEY})"),
        "Multisig threshold cannot be larger than the number of keys; threshold is 3 but only 2 keys specified",
    );
    check(
        &format!("multi(0,{KEY})"),
        "Multisig threshold cannot be 0, must be at least 1",
    );
    check("multi(x,02)", "Multi threshold 'x' is not valid");
    check(
        &format!("wpkh({XPUB}/2147483648)"),
        "wpkh(): Key path value 2147483648 is out of range",
    );
    check(
        &format!("wpkh({XPUB}//0)"),
        "wpkh(): Key path value '' is not valid",
    );
    check(
        &format!("wpkh([aaaa]{KEY})"),
        "wpkh(): Fingerprint is not 4 bytes (4 characters instead of 8 characters)",
    );
    check(
        &format!("tr({KEY},pk({KEY})"),
        &format!("'pk({KEY}' is not a valid descriptor function"),
    );
    check("raw(0)", "Raw script is not hex");
    check("addr(x)", "Address is not valid");
    assert!(Descriptor::parse("raw(6a)", bitcoin(), true).is_err());
    for depth in [10, 1000, 100_000] {
        let deep = format!("tr({KEY},{})", "{".repeat(depth));
        assert!(Descriptor::parse(&deep, bitcoin(), false).is_err());
        assert!(Descriptor::parse(&"sh(".repeat(depth), bitcoin(), false).is_err());
    }
}

#[test]
fn a_key_kept_for_later_gives_no_script() {
    let text = format!("unused({XPRV})");
    let kept = Descriptor::parse_one(&text, bitcoin()).unwrap();
    assert!(!kept.has_scripts() && !kept.is_range() && kept.has_private_keys());
    assert_eq!(kept.expand_alone(0).unwrap().scripts, Vec::<Script>::new());
    assert!(
        kept.to_text(bitcoin())
            .starts_with(&format!("unused({XPUB})#"))
    );
    assert!(
        kept.to_private_text(&NoSecrets, bitcoin())
            .starts_with(&text)
    );
    for (text, error) in [
        (
            format!("unused({XPUB}/*)"),
            "unused(): key cannot be ranged",
        ),
        (
            format!("unused({XPUB},{XPUB})"),
            "unused(): only one key expected",
        ),
        (
            format!("sh(unused({XPUB}))"),
            "Can only have unused at top level",
        ),
    ] {
        let found = Descriptor::parse(&text, bitcoin(), false).unwrap_err();
        assert_eq!(found.to_string(), error);
    }
}

#[test]
fn script_trees_are_told_from_their_outputs() {
    let x = |n: u8| {
        let key = secp256k1::SecretKey::from_secret_bytes([n; 32]).unwrap();
        primitives::hash::to_hex(&key.x_only_public_key().0.to_byte_array())
    };
    let leaf = |n: u8| format!("pk({})", x(n));
    let many = format!("multi_a(2,{},{},{})", x(5), x(6), x(7));
    let twin = format!("{{{},{}}}", leaf(2), leaf(3));
    for tree in [
        leaf(2),
        many.clone(),
        format!("{{{},{many}}}", leaf(2)),
        format!("{{{},{{{many},{}}}}}", leaf(2), leaf(3)),
        format!("{{{{{},{}}},{{{many},{}}}}}", leaf(2), leaf(3), leaf(4)),
        format!("{{{},{}}}", leaf(2), leaf(2)),
        format!("{{{},{{{},{}}}}}", leaf(2), leaf(2), leaf(3)),
        format!("{{{twin},{twin}}}"),
    ] {
        let text = format!("tr({},{tree})", x(1));
        let made = Descriptor::parse_one(&text, bitcoin()).unwrap();
        let Expansion { scripts, keys } = made.expand_alone(0).unwrap();
        let told = Descriptor::infer(&scripts[0], &keys);
        // Subtrees may be written the other way round; the output is the same.
        assert!(told.to_text(bitcoin()).starts_with("tr("), "{text}");
        assert_eq!(told.expand_alone(0).unwrap().scripts, scripts, "{text}");
        assert_eq!(told.key_count(), made.key_count(), "{text}");
    }
}

#[test]
fn an_uncompressed_key_has_the_fingerprint_of_its_65_bytes() {
    let key = secp256k1::SecretKey::from_secret_bytes([3; 32]).unwrap();
    let bytes = key.public_key().serialize_uncompressed();
    let hex = primitives::hash::to_hex(&bytes);
    let made = Descriptor::parse_one(&format!("pkh({hex})"), bitcoin()).unwrap();
    let Expansion { scripts, keys } = made.expand_alone(0).unwrap();
    let own = primitives::hash::to_hex(&hash_scheme::hash160(&bytes).0[..4]);
    let told = Descriptor::infer(&scripts[0], &keys).to_text(bitcoin());
    assert!(told.starts_with(&format!("pkh([{own}]{hex})#")), "{told}");
}
