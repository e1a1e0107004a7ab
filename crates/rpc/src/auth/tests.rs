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
fn a_cookie_is_a_password_like_any_other() {
    let password = cookie_password().unwrap();
    assert_eq!(password.len(), 64);
    assert_ne!(password, cookie_password().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(".cookie");
    read_cookie(&path).unwrap_err();
    fs::write(&path, format!("{COOKIE_USER}:{password}\nmore")).unwrap();
    let mut credentials = Credentials::default();
    credentials.add_password(COOKIE_USER, &password).unwrap();
    let user = user_of(&credentials, &read_cookie(&path).unwrap());
    assert_eq!(user.as_deref(), Some(COOKIE_USER));
}
