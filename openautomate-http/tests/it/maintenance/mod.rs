//! The commands that look after a whole installation, as processes beside a real server.

mod backup;
mod copy;
mod doctor;
mod installation;
