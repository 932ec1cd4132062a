//! Ports of a stack. A process that is started again gets the port it had, so that commands under way
//! find it. That would be luck among the ports which the system gives to every outgoing connection:
//! one of them takes the port in the seconds in which nobody listens. A stack's own lie below those.

use std::{net::TcpListener, ops::Range};

use rand::Rng as _;

use crate::error::{Error, Result};

/// Below the ports of outgoing connections (from 32768 on Linux, from 49152 by IANA's rules), and above
/// most services with a port by name.
const OWN: Range<u16> = 20_000..32_000;
/// Draws until there is a free one; a machine with so many listeners that all fail has other troubles.
const DRAWS: usize = 100;

/// A port on the loopback with `count - 1` free ones after it: `wanted` if these are free, else any.
///
/// # Errors
/// [`Error::Usage`] if there is none.
pub fn free(wanted: Option<u16>, count: u16) -> Result<u16> {
    let mut random = rand::thread_rng();
    let drawn = std::iter::repeat_with(|| random.gen_range(OWN)).take(DRAWS);
    wanted
        .into_iter()
        .chain(drawn)
        .find(|first| are_free(*first, count))
        .ok_or_else(|| {
            Error::Usage(format!(
                "no free TCP port on 127.0.0.1 in {DRAWS} draws from {OWN:?}"
            ))
        })
}

/// The port in a URL that ends with one.
pub fn of_url(url: &str) -> Option<u16> {
    url.trim_end_matches('/').rsplit_once(':')?.1.parse().ok()
}

fn are_free(first: u16, count: u16) -> bool {
    let bound =
        (0..count).map(|offset| TcpListener::bind(("127.0.0.1", first.checked_add(offset)?)).ok());
    bound.collect::<Option<Vec<_>>>().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_outgoing_connection_gets_a_port_of_a_stack() {
        let file = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
            .expect("Linux has it");
        let lowest: u16 = file
            .split_whitespace()
            .next()
            .and_then(|port| port.parse().ok())
            .expect("two ports");
        let port = free(None, 2).expect("a free port");
        assert!(
            OWN.contains(&port) && port + 1 < lowest,
            "{port} of {lowest}"
        );
    }

    #[test]
    fn the_wanted_port_is_given_only_with_those_after_it() {
        let wanted = free(None, 2).expect("a free port");
        let next = TcpListener::bind(("127.0.0.1", wanted + 1)).expect("a free port");
        assert_eq!(free(Some(wanted), 1).expect("a free port"), wanted);
        assert_ne!(free(Some(wanted), 2).expect("a free port"), wanted);
        drop(next);
        assert_eq!(free(Some(wanted), 2).expect("a free port"), wanted);
        assert!(!are_free(u16::MAX, 2));
    }

    #[test]
    fn a_url_without_a_port_names_none() {
        assert_eq!(of_url("http://127.0.0.1:8899/"), Some(8899));
        assert_eq!(of_url("http://localhost"), None);
    }
}
