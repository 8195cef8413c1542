//! Tells the program for which target it is made, by which releases name it.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-env=OPENAUTOMATE_TARGET={}", std::env::var("TARGET").unwrap_or_default());
}
