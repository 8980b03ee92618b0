//! The proxy that the environment names.
//!
//! The variables are those of curl and many other programs: `HTTPS_PROXY`, `HTTP_PROXY` and `ALL_PROXY` for URLs, and
//! `NO_PROXY` for exceptions. A lowercase name has precedence, and an empty variable counts as not set.

use std::net::IpAddr;

use ureq::http::Uri;
use ureq::{Proxy, ProxyProtocol};

/// Looks up a variable of the environment.
pub type Variables<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// The proxies of the environment.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    /// For `http` URLs.
    pub http: Option<Named>,
    /// For `https` URLs.
    pub https: Option<Named>,
    exceptions: Vec<Exception>,
}

/// A proxy, and the variable that names it. An error says what is wrong with the variable, and shows no part of it.
#[derive(Clone, Debug)]
pub struct Named {
    /// The variable.
    pub variable: &'static str,
    /// The proxy.
    pub proxy: Result<Proxy, String>,
}

/// A host that is reached without a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Exception {
    All,
    /// A name and all names below it, and a port.
    Name(String, Option<u16>),
    /// The first bits of an address.
    Network(IpAddr, u8),
}

impl Proxies {
    /// Reads the variables.
    pub fn of(variables: &Variables<'_>) -> Self {
        let named = |names: [&'static str; 2]| {
            let set = |name: &'static str| Some((name, variables(name)?));
            let found = names.into_iter().filter_map(set);
            let mut found = found.filter(|(_, value)| !value.trim().is_empty());
            found.next()
        };
        let proxy = |names| {
            let (variable, value) = named(names).or_else(|| named(["all_proxy", "ALL_PROXY"]))?;
            let proxy = proxy(value.trim());
            let proxy = proxy.ok_or_else(|| {
                format!(
                    "the variable `{variable}` holds no URL of an HTTP proxy, such as `http://proxy.example.org:3128`"
                )
            });
            Some(Named { variable, proxy })
        };
        let exceptions = named(["no_proxy", "NO_PROXY"]).map_or_else(Vec::new, |(_, list)| {
            let parts = list.split([',', ' ']).map(str::trim);
            parts.filter(|it| !it.is_empty()).map(exception).collect()
        });
        Self {
            http: proxy(["http_proxy", "HTTP_PROXY"]),
            https: proxy(["https_proxy", "HTTPS_PROXY"]),
            exceptions,
        }
    }

    /// Whether a URL is requested without a proxy.
    pub fn excepts(&self, url: &Uri) -> bool {
        let host = url.host().unwrap_or_default().to_ascii_lowercase();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let host = host.trim_end_matches('.');
        let default = if url.scheme_str() == Some("http") {
            80
        } else {
            443
        };
        let port = url.port_u16().unwrap_or(default);
        let address: Option<IpAddr> = host.parse().ok();
        self.exceptions.iter().any(|it| match it {
            Exception::All => true,
            Exception::Name(name, of) => {
                let below = host.strip_suffix(name.as_str());
                let is_below = address.is_none() && below.is_some_and(|it| it.ends_with('.'));
                (host == name || is_below) && of.is_none_or(|it| it == port)
            }
            Exception::Network(network, bits) => {
                address.is_some_and(|it| is_in(it, *network, *bits))
            }
        })
    }
}

fn proxy(text: &str) -> Option<Proxy> {
    let proxy = Proxy::new(text).ok()?;
    matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https).then_some(proxy)
}

fn exception(text: &str) -> Exception {
    if text == "*" {
        return Exception::All;
    }
    if let Some((network, bits)) = text.split_once('/')
        && let (Ok(network), Ok(bits)) = (network.parse(), bits.parse())
    {
        return Exception::Network(network, bits);
    }
    let text = text.to_ascii_lowercase();
    if let Ok(address) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Exception::Network(address, if address.is_ipv4() { 32 } else { 128 });
    }
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => (name, port.parse().ok()),
        _ => (text.as_str(), None),
    };
    let name = name.trim_start_matches('*').trim_start_matches('.');
    let name = name.trim_start_matches('[').trim_end_matches([']', '.']);
    Exception::Name(name.to_owned(), port)
}

/// Whether two addresses have the same first bits.
fn is_in(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let bits = u32::from(bits);
    match (address.to_canonical(), network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let differing = address.to_bits() ^ network.to_bits();
            differing.leading_zeros() >= bits.min(32)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let differing = address.to_bits() ^ network.to_bits();
            differing.leading_zeros() >= bits.min(128)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(set: &[(&str, &str)]) -> Proxies {
        Proxies::of(&|name| {
            let found = set.iter().find(|(it, _)| *it == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn ports(proxies: &Proxies) -> [Option<u16>; 2] {
        [&proxies.http, &proxies.https].map(|it| {
            let proxy = it.as_ref()?.proxy.as_ref();
            Some(proxy.expect("a proxy").port())
        })
    }

    #[test]
    fn each_scheme_has_its_variable() {
        let https = ("HTTPS_PROXY", "http://proxy:1");
        assert_eq!(ports(&of(&[])), [None, None]);
        assert_eq!(ports(&of(&[https])), [None, Some(1)]);
        assert_eq!(
            ports(&of(&[("HTTP_PROXY", "proxy:2"), https])),
            [Some(2), Some(1)]
        );
        assert_eq!(
            ports(&of(&[("ALL_PROXY", "http://proxy:3"), https])),
            [Some(3), Some(1)]
        );
        assert_eq!(
            ports(&of(&[("https_proxy", "http://proxy:4"), https])),
            [None, Some(4)]
        );
        assert_eq!(ports(&of(&[("https_proxy", " "), https])), [None, Some(1)]);
    }

    #[test]
    fn a_wrong_variable_is_named_without_its_value() {
        for value in ["http://ada:hush@", "socks5://ada:hush@proxy:1", "hush hush"] {
            let proxies = of(&[("https_proxy", value)]);
            let named = proxies.https.expect("a variable");
            let why = named.proxy.expect_err(value);
            assert!(
                why.contains("`https_proxy`") && !why.contains("hush"),
                "{why}"
            );
        }
        let proxies = of(&[("https_proxy", "http://ada:hush@proxy:1")]);
        assert!(!format!("{proxies:?}").contains("hush"), "{proxies:?}");
    }

    #[test]
    fn exceptions_are_names_addresses_and_networks() {
        let excepts = |list: &str, url: &str| {
            let proxies = of(&[("NO_PROXY", list)]);
            proxies.excepts(&url.parse().expect("a URL"))
        };
        for (list, url) in [
            ("*", "https://a.example/"),
            ("a.example", "https://A.example/x"),
            ("a.example", "https://b.a.example/"),
            (".a.example", "https://b.a.example:8443/"),
            ("*.a.example", "https://b.a.example/"),
            (".a.example", "https://a.example/"),
            ("x, a.example ,y", "https://a.example./"),
            ("x a.example", "https://a.example/"),
            ("a.example:443", "https://a.example/"),
            ("a.example:80", "http://a.example/"),
            ("10.1.2.3", "https://10.1.2.3/"),
            ("10.0.0.0/8", "http://10.200.0.1:8000/"),
            ("10.0.0.0/0", "http://11.0.0.1/"),
            ("fd00::/8", "http://[fd12::1]/"),
            ("[fd12::1]", "http://[fd12::1]:80/"),
        ] {
            assert!(excepts(list, url), "{list} {url}");
        }
        for (list, url) in [
            ("", "https://a.example/"),
            ("a.example", "https://ba.example/"),
            ("a.example", "https://a.example.org/"),
            ("a.example:80", "https://a.example/"),
            ("10.0.0.0/8", "https://11.0.0.1/"),
            ("10.0.0.0/8", "https://[fd12::1]/"),
            ("0.0.1", "https://10.0.0.1/"),
        ] {
            assert!(!excepts(list, url), "{list} {url}");
        }
    }
}
