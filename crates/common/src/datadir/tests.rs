//! Directories and files on a real disk, and locks between real processes.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use primitives::{ChainParams, Coin, Network};

use super::{
    CookieFile, CookiePerms, DataDirError, DirLock, PidFile, Rebuild, check_foreign,
    create_private, default_base, free_space, is_usable, window_config_dir,
};

/// Tells the helper test which directory to lock.
const LOCK_DIR: &str = "BITQ_TEST_LOCK_DIR";

fn regtest() -> &'static ChainParams {
    ChainParams::get(Coin::default(), Network::Regtest)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Not a test of its own: the other process of the tests below.
#[test]
fn helper_that_holds_a_lock() {
    let Some(dir) = std::env::var_os(LOCK_DIR) else {
        return;
    };
    match DirLock::acquire(Path::new(&dir)) {
        Ok(_lock) => {
            println!("held");
            // Until the parent closes the pipe.
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).unwrap();
        }
        Err(error) => println!("refused: {error}"),
    }
}

/// Runs the helper and returns it with its answer.
fn other_process(dir: &Path) -> (Child, String) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "datadir::tests::helper_that_holds_a_lock",
            "--nocapture",
        ])
        .env(LOCK_DIR, dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let answer = lines
        .find(|line| line.contains("held") || line.contains("refused"))
        .unwrap();
    (child, answer)
}

fn end(mut child: Child) {
    // A child that was refused may have ended already: nobody reads the line then.
    let _ = child.stdin.take().unwrap().write_all(b"\n");
    child.wait().unwrap();
}

#[test]
fn a_directory_belongs_to_one_process() {
    let dir = tempfile::tempdir().unwrap();
    let (child, answer) = other_process(dir.path());
    assert!(answer.ends_with("held"), "{answer}");
    let error = DirLock::acquire(dir.path()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "Cannot obtain a lock on directory {}. bitq is probably already running.",
            dir.path().display()
        )
    );
    end(child);
    let lock = DirLock::acquire(dir.path()).unwrap();
    assert_eq!(mode(&dir.path().join(".lock")), 0o600);
    let (child, answer) = other_process(dir.path());
    assert!(
        answer.contains("refused: Cannot obtain a lock on directory"),
        "{answer}"
    );
    end(child);
    drop(lock);
    let (child, answer) = other_process(dir.path());
    assert!(answer.ends_with("held"), "{answer}");
    end(child);
}

#[test]
fn a_directory_is_locked_once_within_a_process() {
    let dir = tempfile::tempdir().unwrap();
    let lock = DirLock::acquire(dir.path()).unwrap();
    let same = dir.path().join(".");
    assert!(matches!(
        DirLock::acquire(&same),
        Err(DataDirError::Locked(_))
    ));
    // The refused attempt has not ended the lock that is held.
    let (child, answer) = other_process(dir.path());
    assert!(answer.contains("refused"), "{answer}");
    end(child);
    drop(lock);
    assert!(DirLock::acquire(&same).is_ok());
}

#[test]
fn a_lock_in_a_directory_that_is_not_there() {
    let error = DirLock::acquire(Path::new("/nowhere/at/all")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Cannot write to directory '/nowhere/at/all'; check permissions."
    );
}

#[test]
fn databases_say_for_which_chain_they_were_made() {
    let dir = tempfile::tempdir().unwrap();
    check_foreign(dir.path(), regtest(), Rebuild::default()).unwrap();
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        0,
        "looking changes nothing"
    );
    for database in ["chainstate", "blocks/index"] {
        let params = regtest();
        let text = format!(
            "bitq store\nformat=1\nchain={} {}\ngenesis={}\nkind=any\nstate=ready\n",
            params.coin, params.network, params.genesis.hash
        );
        fs::create_dir_all(dir.path().join(database)).unwrap();
        fs::write(dir.path().join(database).join("bitq-store"), text).unwrap();
    }
    check_foreign(dir.path(), regtest(), Rebuild::default()).unwrap();
    for other in ChainParams::all().filter(|params| *params != regtest()) {
        let error = check_foreign(dir.path(), other, Rebuild::default()).unwrap_err();
        let text = error.to_string();
        assert!(
            matches!(error, DataDirError::OtherChain { .. }),
            "{error:?}"
        );
        let found = format!("holds the chain of {} (regtest)", Coin::default());
        assert!(
            text.contains(&found) && text.contains("was left untouched"),
            "{text}"
        );
    }
}

#[test]
fn a_database_of_another_program_is_refused() {
    for file in [
        "chainstate/CURRENT",
        "chainstate/MANIFEST-000005",
        "blocks/index/000003.ldb",
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "x").unwrap();
        let error = check_foreign(dir.path(), regtest(), Rebuild::default()).unwrap_err();
        assert!(
            matches!(error, DataDirError::ForeignProgram(_)),
            "{error:?}"
        );
        assert!(error.to_string().contains("another program made"));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}

#[test]
fn the_cookie_is_private_unless_asked_otherwise() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(".cookie");
    for (text, expected) in [("owner", 0o600), ("group", 0o640), ("all", 0o644)] {
        let cookie = CookieFile::create(&path, "00ff", text.parse().unwrap()).unwrap();
        assert_eq!(mode(&path), expected);
        assert_eq!(fs::read_to_string(&path).unwrap(), "__cookie__:00ff");
        assert_eq!(cookie.path(), path);
        drop(cookie);
        assert!(!path.exists());
    }
    assert!("world".parse::<CookiePerms>().is_err());
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        0,
        "nothing is left beside it"
    );
}

#[test]
fn a_file_is_removed_only_by_the_one_that_made_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("node.pid");
    let mine = PidFile::create(&path).unwrap();
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        format!("{}\n", std::process::id())
    );
    fs::remove_file(&path).unwrap();
    fs::write(&path, "4711\n").unwrap();
    drop(mine);
    assert_eq!(fs::read_to_string(&path).unwrap(), "4711\n");
    // A new one takes the place of what was left behind.
    drop(PidFile::create(&path).unwrap());
    assert!(!path.exists());
}

#[test]
fn a_file_that_cannot_be_made_says_so() {
    let error = PidFile::create(Path::new("/nowhere/x.pid")).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("Unable to create the PID file '/nowhere/x.pid': ")
    );
}

#[test]
fn places() {
    for coin in Coin::ALL {
        let base = default_base(coin).unwrap();
        assert!(base.ends_with(format!("bitq/{}", coin.id())), "{base:?}");
    }
    assert!(window_config_dir().unwrap().ends_with("bitq"));
}

#[test]
fn room_on_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("a/b/c");
    assert!(free_space(&deep).unwrap() > 0);
    assert!(is_usable(&deep));
    create_private(&deep).unwrap();
    assert_eq!(mode(&deep), 0o700);
    fs::write(dir.path().join("file"), "").unwrap();
    assert!(!is_usable(&dir.path().join("file")));
    assert!(matches!(
        create_private(&dir.path().join("file/x")),
        Err(DataDirError::Create { .. })
    ));
}
