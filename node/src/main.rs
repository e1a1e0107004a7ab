//! `bitq-node`: the node, alone or as the child of a window.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: node::Allocator = node::Allocator;

fn main() -> ExitCode {
    node::main(common::options::Program::Node, None)
}
