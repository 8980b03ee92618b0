//! Answering HTTP.

mod accept;
mod connections;
mod door;
mod token;

pub use accept::Acceptor;
pub use connections::run;
pub use door::Door;
pub use token::Token;
