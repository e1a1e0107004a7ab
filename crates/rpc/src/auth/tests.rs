use super::*;

fn user_of(credentials: &Credentials, user_and_password: &str) -> Option<String> {
    credentials.user_of(basic_header(user_and_password).as_bytes())
}

#[test]
fn rpcauth_matches_the_reference_script() {
    let mut credentials = Credentials::default();
    let line = "rt:93648e835a54c573682c2eb19f882535$7681e9c5b74bdd85e78166031d2058e1069b3ed7ed967c93fc63abba06f31144";
    credentials.add_rpcauth(line).unwrap();
    let password = "cA773lm788buwYe4g4WT+05pKyNruVKjQ25x3n0DQcM=";
    assert_eq!(
        user_of(&credentials, &format!("rt:{password}")),
        Some("rt".into())
    );
    for wrong in [
        format!("rt:{password}x"),
        format!("rtx:{password}"),
        "rt:".into(),
        "rt".into(),
    ] {
        assert_eq!(user_of(&credentials, &wrong), None, "{wrong}");
    }
}

#[test]
fn malformed_rpcauth_is_refused() {
    for value in [
        "",
        "\"\"",
        "foo",
        "foo:bar",
        "foo:bar:baz",
        "foo$bar:baz",
        "foo$bar$baz",
        "a:b$c$d",
    ] {
        assert_eq!(
            Credentials::default().add_rpcauth(value),
            Err(BadRpcAuth),
            "{value}"
        );
    }
}

#[test]
fn passwords_may_hold_anything() {
    let mut credentials = Credentials::default();
    credentials
        .add_password("rpcuser💻", "rpc:password🔑")
        .unwrap();
    assert_eq!(
        user_of(&credentials, "rpcuser💻:rpc:password🔑"),
        Some("rpcuser💻".into())
    );
    assert!(!format!("{credentials:?}").contains("password"));
}

#[test]
fn malformed_headers_prove_nothing() {
    let mut credentials = Credentials::default();
    credentials.add_password("", "").unwrap();
    for header in [
        "",
        "Basic ",
        "Basic !!!",
        "Bearer OgA=",
        "Digest x",
        "basic Og==",
    ] {
        assert_eq!(credentials.user_of(header.as_bytes()), None, "{header}");
    }
    assert_eq!(credentials.user_of(b"Basic \xff\xfe"), None);
    assert_eq!(credentials.user_of(b"Basic Og=="), Some(String::new()));
}

#[test]
fn the_cookie_is_private_and_removed_by_its_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(".cookie");
    let cookie = Cookie::create(&path, 0o600).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(cookie.password().len(), 64);
    assert_eq!(
        read_cookie(&path).unwrap(),
        format!("__cookie__:{}", cookie.password())
    );
    assert!(!dir.path().join(".cookie.tmp").exists());

    let second = Cookie::create(&path, cookie_mode("group").unwrap()).unwrap();
    assert_eq!(mode(&path), 0o640);
    assert_ne!(cookie.password(), second.password());
    cookie.remove().unwrap();
    assert!(path.exists(), "the second server's cookie stays");
    second.remove().unwrap();
    assert!(!path.exists());

    fs::create_dir(dir.path().join(".cookie.tmp")).unwrap();
    Cookie::create(&path, 0o600).unwrap_err();
    assert!(!path.exists());
}
