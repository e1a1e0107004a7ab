use std::os::unix::fs::symlink;

use super::*;

fn address(path: &Path) -> BindAddress {
    BindAddress::owner_only(path.to_owned())
}

#[test]
fn parents_are_made_and_the_owner_alone_may_enter() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a/b/node.sock");
    let _listener = bind(&address(&path)).unwrap();
    let mode = |path: &Path| fs::symlink_metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(&dir.path().join("a/b")), 0o700);
    connect(&path).unwrap();
}

#[test]
fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("node.sock");
    drop(bind(&address(&path)).unwrap());
    let living = bind(&address(&path)).unwrap();
    assert_eq!(bind(&address(&path)).unwrap_err(), IN_USE);
    connect(&path).unwrap();
    drop(living);
}

#[test]
fn what_is_no_socket_stays() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "mine").unwrap();
    assert_eq!(bind(&address(&file)).unwrap_err(), IN_USE);
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    let link = dir.path().join("link");
    symlink(&file, &link).unwrap();
    assert_eq!(bind(&address(&link)).unwrap_err(), IN_USE);
    let dangling = dir.path().join("dangling");
    symlink(dir.path().join("none"), &dangling).unwrap();
    assert_eq!(bind(&address(&dangling)).unwrap_err(), IN_USE);
}

#[test]
fn a_socket_in_an_open_folder_is_not_trusted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("node.sock");
    let _listener = bind(&address(&path)).unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let error = connect(&path).unwrap_err();
    assert!(
        error.to_string().starts_with("others can write to"),
        "{error}"
    );
    assert!(matches!(error, IpcError::Connect { absent: false, .. }));
}

#[test]
fn nobody_there_is_told_from_no_rights() {
    let dir = tempfile::tempdir().unwrap();
    let absent = |path: &Path| match connect(path) {
        Err(IpcError::Connect { absent, .. }) => absent,
        other => panic!("{other:?}"),
    };
    assert!(absent(&dir.path().join("none.sock")));
    assert!(absent(Path::new("/etc/hostname/none.sock")));
    assert!(absent(&dir.path().join("x".repeat(200))));
    let stale = dir.path().join("stale.sock");
    drop(bind(&address(&stale)).unwrap());
    assert!(absent(&stale));
}

#[test]
fn groups_are_found_by_name_and_number() {
    assert_eq!(group_number("0"), Ok(0));
    assert_eq!(group_number("root"), Ok(0));
    assert_eq!(
        group_number("no-such-group").unwrap_err(),
        "Unknown group 'no-such-group'"
    );
}
