//! The shop's own table, in both databases.

#![allow(unreachable_pub, reason = "what the macro makes")]

diesel::table! {
    orders (number) {
        number -> BigInt,
        customer -> Text,
        cents -> BigInt,
    }
}
