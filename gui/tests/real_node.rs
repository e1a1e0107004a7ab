//! The window over real processes: everything on the screen came over a socket.

#[path = "../testdata/robot.rs"]
mod robot;

use std::path::Path;

use common::options::{CommandLine, Program};
use gui::app::{Launch, Message, program};
use gui::link::Control;
use gui::model::prefs::Store;
use robot::Robot;
use testkit::process;

fn launch(folder: &Path, more: &[&str]) -> Launch {
    let data = folder.join("data");
    std::fs::create_dir_all(&data).expect("a folder for the chain");
    let datadir = format!("-datadir={}", data.display());
    let port = format!("-rpcport={}", process::free_port());
    let fixed = [
        "bitq-gui",
        "-coin=bitcoin",
        "-regtest",
        "-printtoconsole=0",
        &datadir,
        &port,
    ];
    let args = fixed.iter().chain(more).map(std::ffi::OsString::from);
    let node = process::program("bitq-node");
    Launch {
        command_line: CommandLine::parse(Program::Gui, args).expect("valid options"),
        store: Store::new(folder.join("window")),
        link: None,
        minimised: false,
        programs: node.parent().map(Path::to_owned),
    }
}

#[test]
fn the_height_of_the_real_chain_is_shown_and_a_killed_node_comes_back() {
    robot::load_fonts();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut robot = Robot::new(program(launch(folder.path(), &["-disablewallet"])));
    robot.expect("block 0");
    robot.click("nav-console");
    robot.type_into("console-input", "getblock(getblockhash(0) 1)[tx][0]");
    robot.tell(Message::Console(gui::page::console::Message::Submit));
    // The genesis transaction of every Bitcoin chain.
    robot.expect("4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b");
    robot.click("nav-node");
    let pid = node_pid(folder.path());
    process::signal(pid, process::Signal::KILL);
    robot.wait("the card", |robot| robot.sees("Copy report"));
    robot.click("stopped-restart");
    robot.expect_gone("Copy report");
    robot.wait("another node", |_| node_pid(folder.path()) != pid);
    robot.expect("block 0");
    robot.tell(Message::Control(Control::Stop));
    robot.expect("The node is stopped.");
    drop(robot.end());
}

/// The process that holds the data directory of this test.
fn node_pid(folder: &Path) -> u32 {
    let file = folder.join("data/regtest/bitcoind.pid");
    let text = process::wait_for("the pid file", robot::PATIENCE, || {
        std::fs::read_to_string(&file)
            .ok()
            .filter(|text| text.ends_with('\n'))
    });
    text.trim().parse().expect("a process number")
}
