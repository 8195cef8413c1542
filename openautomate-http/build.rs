//! The panel's files are embedded, so a new build of the panel is a reason to build the server again.

fn main() {
    println!("cargo:rerun-if-changed=panel/dist");
}
