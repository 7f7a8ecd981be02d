//! `ratelimit`: refuses clients that ask too often. Each key has a bucket of tokens, which
//! fills with time.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, header};
use parking_lot::Mutex;
use warren_engine::capability::web::{RateLimit, RateLimitKey};

use super::super::answer::plain;
use super::super::body::Served;
use super::super::clients::network_of;
use super::super::path::query_value;

/// The buckets of one router.
pub(in crate::web::server) struct Limiter {
    settings: RateLimit,
    hashes: RandomState,
    buckets: Mutex<Buckets>,
}

/// Keys are kept as their hashes, which nobody can choose.
#[derive(Default)]
struct Buckets {
    by_key: HashMap<u64, Bucket>,
    /// The keys by the time of their last request.
    by_time: BTreeSet<(Instant, u64)>,
}

struct Bucket {
    tokens: f64,
    last: Instant,
}

impl Limiter {
    pub(super) fn new(settings: RateLimit) -> Limiter {
        Limiter {
            settings,
            hashes: RandomState::new(),
            buckets: Mutex::default(),
        }
    }

    /// Counts a request. Returns the refusal of one too many.
    pub(super) fn check(&self, parts: &Parts, client: IpAddr) -> Option<Response<Served>> {
        let key = self.key_of(parts, client);
        if self.take(key, Instant::now()) {
            return None;
        }
        let window = self.settings.window.as_secs().max(1);
        let each = self.settings.window.as_secs_f64() / self.settings.requests as f64;
        let mut response = plain(StatusCode::TOO_MANY_REQUESTS);
        let out = response.headers_mut();
        // A few seconds, or the window at most.
        let after = each.ceil().clamp(1.0, window as f64) as u64;
        out.insert(header::RETRY_AFTER, HeaderValue::from(after));
        out.insert(
            "x-ratelimit-limit",
            HeaderValue::from(self.settings.requests),
        );
        out.insert("x-ratelimit-window", HeaderValue::from(window));
        Some(response)
    }

    fn key_of(&self, parts: &Parts, client: IpAddr) -> u64 {
        let of_client = || self.hashes.hash_one(network_of(client));
        match &self.settings.key {
            RateLimitKey::Ip => of_client(),
            RateLimitKey::Header(name) => match parts.headers.get(name.as_str()) {
                Some(value) => self.hashes.hash_one(value.as_bytes()),
                None => of_client(),
            },
            RateLimitKey::Query(name) => {
                let value = parts.uri.query().and_then(|query| query_value(query, name));
                match value {
                    Some(value) => self.hashes.hash_one(value),
                    None => of_client(),
                }
            }
        }
    }

    /// Takes a token of a key. Returns false if there is none.
    fn take(&self, key: u64, now: Instant) -> bool {
        let burst = self.settings.burst as f64;
        let per_second = self.settings.requests as f64 / self.settings.window.as_secs_f64();
        let mut buckets = self.buckets.lock();
        buckets.forget(now, self.settings.entry_ttl, self.settings.max_entries, key);
        let Buckets { by_key, by_time } = &mut *buckets;
        let bucket = by_key.entry(key).or_insert(Bucket {
            tokens: burst,
            last: now,
        });
        by_time.remove(&(bucket.last, key));
        let passed = now.saturating_duration_since(bucket.last).as_secs_f64();
        bucket.tokens = passed.mul_add(per_second, bucket.tokens).min(burst);
        bucket.last = now;
        by_time.insert((now, key));
        let has_token = bucket.tokens >= 1.0;
        if has_token {
            bucket.tokens -= 1.0;
        }
        has_token
    }
}

impl Buckets {
    /// Forgets keys that had no request for long, and the oldest one to make room for a new
    /// key. Looks at a few keys at a time.
    fn forget(&mut self, now: Instant, ttl: Duration, most: usize, coming: u64) {
        /// More than a call adds, so that none stay for good.
        const AT_ONCE: usize = 4;
        for _ in 0..AT_ONCE {
            let Some(oldest) = self.by_time.first().copied() else {
                return;
            };
            let (last, key) = oldest;
            let is_full = self.by_key.len() >= most && !self.by_key.contains_key(&coming);
            if now.saturating_duration_since(last) < ttl && !is_full {
                return;
            }
            self.by_time.remove(&oldest);
            self.by_key.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(requests: u64, burst: u64, max_entries: usize) -> Limiter {
        Limiter::new(RateLimit {
            requests,
            window: Duration::from_secs(10),
            burst,
            key: RateLimitKey::Ip,
            entry_ttl: Duration::from_secs(60),
            max_entries,
        })
    }

    #[test]
    fn a_bucket_has_its_burst_and_fills_again() {
        let limiter = limiter(10, 3, 100);
        let start = Instant::now();
        let taken = |at: u64| limiter.take(7, start + Duration::from_millis(at));
        assert_eq!(
            [taken(0), taken(0), taken(0), taken(0)],
            [true, true, true, false]
        );
        assert_eq!(
            [taken(500), taken(1_000), taken(1_000)],
            [false, true, false]
        );
        assert_eq!(
            [taken(60_000), taken(60_000), taken(60_000), taken(60_000)],
            [true, true, true, false]
        );
    }

    #[test]
    fn keys_are_bounded_and_forgotten() {
        let limiter = limiter(10, 1, 10);
        let start = Instant::now();
        for key in 0..1_000 {
            assert!(limiter.take(key, start + Duration::from_millis(key)));
            assert!(limiter.buckets.lock().by_key.len() <= 10);
        }
        // The last one is remembered.
        assert!(!limiter.take(999, start + Duration::from_millis(1_000)));
        let later = start + Duration::from_secs(100);
        for key in 0..10 {
            limiter.take(key, later);
        }
        let buckets = limiter.buckets.lock();
        assert_eq!(buckets.by_key.len(), buckets.by_time.len());
        assert!(!buckets.by_key.contains_key(&999));
    }
}
