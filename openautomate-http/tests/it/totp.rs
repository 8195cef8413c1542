//! Authenticators: enrolling one, signing in with it, losing it.

use openautomate_core::changes::{Changes, Record};
use openautomate_core::clock::{Clock as _, ManualClock, SystemClock};
use openautomate_core::domain::{Role, SecondFactor};
use openautomate_core::orchestrator::{RequireTotp, Settings};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::server::{PASSWORD, Person, TestServer, problem, read, text};

/// What an app on a phone does, by the clock of the server.
struct Authenticator(totp_rs::Totp, ManualClock);

/// A clock that stands still, so that no code ends while a test runs.
fn clock() -> ManualClock {
    ManualClock::new(SystemClock.now())
}

async fn start() -> (TestServer, ManualClock) {
    let clock = clock();
    (TestServer::by_clock(&clock, Settings::default(), |_| {}).await, clock)
}

impl Authenticator {
    fn of(enrolled: &Value, clock: &ManualClock) -> Self {
        let uri = text(&enrolled["uri"]);
        assert!(
            uri.contains(&text(&enrolled["secret"])) && uri.starts_with("otpauth://totp/OpenAutomate:"),
            "{uri}"
        );
        let secret = Secret::try_from_base32(text(&enrolled["secret"])).unwrap();
        Self(Builder::new().with_secret(secret).build().unwrap(), clock.clone())
    }

    /// The code of a step beside the present one.
    fn code(&self, step: i64) -> String {
        let time = self.1.now().timestamp() + step * 30;
        self.0.generate(u64::try_from(time).unwrap()).to_string()
    }
}

async fn log_in(server: &TestServer, name: &str, more: Value) -> Response {
    let mut body = json!({"username": name, "password": PASSWORD});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    server.request(Method::POST, "/api/auth/login").json(&body).send().await.unwrap()
}

async fn enrol(server: &TestServer, person: &Person, clock: &ManualClock) -> (Authenticator, Vec<String>) {
    let enrolled =
        server.post("/api/auth/totp", &person.token, &json!({"password": PASSWORD})).send().await.unwrap();
    let authenticator = Authenticator::of(&read(enrolled, 201).await, clock);
    let body = json!({"totp": authenticator.code(-1)});
    let confirmed = server.post("/api/auth/totp/confirm", &person.token, &body).send().await.unwrap();
    let codes = read(confirmed, 200).await["recoveryCodes"].as_array().unwrap().iter().map(text).collect();
    (authenticator, codes)
}

/// As if its codes of now had not been used; for the sake of the test, which does not wait for the next step.
async fn rewind(server: &TestServer, person: &Person) {
    let store = server.orchestrator.store();
    let factor = store.second_factor(person.id.parse().unwrap()).await.unwrap().unwrap();
    let rewound = SecondFactor { last_step: 0, ..factor };
    store.commit(Changes::none().update(Record::SecondFactor(rewound))).await.unwrap();
}

#[tokio::test]
async fn a_login_asks_for_the_code_and_takes_each_once() {
    let (server, clock) = start().await;
    let dev = server.person("dev", Role::Developer).await;
    let elsewhere = server.signed_in("dev").await;
    let wrong = server
        .post("/api/auth/totp", &dev.token, &json!({"password": "not it at all"}))
        .send()
        .await
        .unwrap();
    assert_eq!(problem(wrong, 422).await["field"], "password");
    let enrolled =
        server.post("/api/auth/totp", &dev.token, &json!({"password": PASSWORD})).send().await.unwrap();
    let authenticator = Authenticator::of(&read(enrolled, 201).await, &clock);
    // Before it is confirmed nobody is asked for it.
    read(server.log_in("dev", PASSWORD).await, 200).await;
    let confirm =
        |code: String| server.post("/api/auth/totp/confirm", &dev.token, &json!({"totp": code})).send();
    assert_eq!(problem(confirm("000000".into()).await.unwrap(), 422).await["field"], "totp");
    let codes = read(confirm(authenticator.code(-1)).await.unwrap(), 200).await;
    assert_eq!(codes["recoveryCodes"].as_array().unwrap().len(), 10);
    problem(server.get("/api/auth/me", &elsewhere.token).send().await.unwrap(), 401).await;
    read(server.get("/api/auth/me", &dev.token).send().await.unwrap(), 200).await;
    problem(confirm(authenticator.code(0)).await.unwrap(), 409).await;
    let state = read(server.get("/api/auth/totp", &dev.token).send().await.unwrap(), 200).await;
    assert_eq!(state, json!({"enabled": true, "enrolmentRequired": false, "recoveryCodesLeft": 10}));

    let asked = problem(server.log_in("dev", PASSWORD).await, 401).await;
    assert_eq!(asked["code"], "totpRequired");
    // Who has not the password does not learn that there is an authenticator.
    assert_eq!(
        problem(server.log_in("dev", "wrong password").await, 401).await["code"],
        "access.unauthenticated"
    );
    assert_eq!(
        problem(log_in(&server, "dev", json!({"totp": "000000"})).await, 401).await["code"],
        "totpWrong"
    );
    let used = log_in(&server, "dev", json!({"totp": authenticator.code(-1)})).await;
    assert_eq!(problem(used, 401).await["code"], "totpWrong");
    let code = authenticator.code(0);
    read(log_in(&server, "dev", json!({"totp": code})).await, 200).await;
    assert_eq!(problem(log_in(&server, "dev", json!({"totp": code})).await, 401).await["code"], "totpWrong");
    read(log_in(&server, "dev", json!({"totp": authenticator.code(1)})).await, 200).await;
    assert_eq!(
        problem(log_in(&server, "dev", json!({"totp": authenticator.code(3)})).await, 401).await["code"],
        "totpWrong"
    );
    let both = log_in(&server, "dev", json!({"totp": code, "recoveryCode": "x"})).await;
    assert_eq!(problem(both, 422).await["field"], "recoveryCode");
}

#[tokio::test]
async fn of_one_code_sent_twice_at_once_one_signs_in() {
    let (server, clock) = start().await;
    let dev = server.person("dev", Role::Developer).await;
    let (authenticator, _) = enrol(&server, &dev, &clock).await;
    let code = json!({"totp": authenticator.code(0)});
    let tries = (0..4).map(|_| log_in(&server, "dev", code.clone()));
    let answers = futures_util::future::join_all(tries).await;
    let good = answers.iter().filter(|answer| answer.status() == 200).count();
    assert_eq!(good, 1, "{:?}", answers.iter().map(Response::status).collect::<Vec<_>>());
}

#[tokio::test]
async fn recovery_codes_sign_in_once_each_and_are_made_anew() {
    let (server, clock) = start().await;
    let dev = server.person("dev", Role::Developer).await;
    let (authenticator, codes) = enrol(&server, &dev, &clock).await;
    let by = async |code: &str| log_in(&server, "dev", json!({"recoveryCode": code})).await;
    let signed_in = read(by(&codes[0].to_uppercase().replace('-', " ")).await, 200).await;
    assert_eq!(problem(by(&codes[0]).await, 401).await["code"], "totpWrong");
    let token = text(&signed_in["accessToken"]);
    let state = read(server.get("/api/auth/totp", &token).send().await.unwrap(), 200).await;
    assert_eq!(state["recoveryCodesLeft"], 9);
    let renew = |proof: Value| server.post("/api/auth/totp/recovery-codes", &token, &proof).send();
    problem(renew(json!({"password": PASSWORD})).await.unwrap(), 422).await;
    problem(renew(json!({"password": "not it at all", "totp": authenticator.code(0)})).await.unwrap(), 422)
        .await;
    let renewed = renew(json!({"password": PASSWORD, "totp": authenticator.code(0)})).await.unwrap();
    let fresh =
        read(renewed, 200).await["recoveryCodes"].as_array().unwrap().iter().map(text).collect::<Vec<_>>();
    assert_eq!(problem(by(&codes[1]).await, 401).await["code"], "totpWrong", "one of before");
    read(by(&fresh[0]).await, 200).await;
    // Neither codes nor secret are kept as they are.
    let kept = server.orchestrator.store().second_factor(dev.id.parse().unwrap()).await.unwrap().unwrap();
    let kept = format!("{kept:?}");
    assert!(fresh.iter().chain(&codes).all(|code| !kept.contains(code.as_str())));
}

#[tokio::test]
async fn wrong_codes_count_as_failed_logins() {
    let (server, clock) = start().await;
    let dev = server.person("dev", Role::Developer).await;
    let (authenticator, _) = enrol(&server, &dev, &clock).await;
    // To be asked for a code is no failure.
    for _ in 0..8 {
        assert_eq!(problem(server.log_in("dev", PASSWORD).await, 401).await["code"], "totpRequired");
    }
    for _ in 0..5 {
        problem(log_in(&server, "dev", json!({"totp": "000000"})).await, 401).await;
    }
    let right = log_in(&server, "dev", json!({"totp": authenticator.code(0)})).await;
    assert!(right.headers().contains_key("retry-after"));
    assert_eq!(problem(right, 429).await["code"], "login.rate");
}

#[tokio::test]
async fn it_is_turned_off_by_password_and_code_or_by_an_administrator() {
    let (server, clock) = start().await;
    let admin = server.admin().await;
    let dev = server.person("dev", Role::Developer).await;
    let (authenticator, codes) = enrol(&server, &dev, &clock).await;
    let off = |body: Value| server.post("/api/auth/totp/disable", &dev.token, &body).send();
    problem(off(json!({"password": PASSWORD, "totp": "000000"})).await.unwrap(), 422).await;
    problem(off(json!({"password": "not it at all", "totp": authenticator.code(0)})).await.unwrap(), 422)
        .await;
    assert_eq!(off(json!({"password": PASSWORD, "recoveryCode": codes[3]})).await.unwrap().status(), 204);
    read(server.log_in("dev", PASSWORD).await, 200).await;
    problem(off(json!({"password": PASSWORD, "recoveryCode": codes[4]})).await.unwrap(), 409).await;

    enrol_again(&server, &dev, &clock).await;
    let reset = format!("/api/users/{}/totp", dev.id);
    problem(server.delete(&reset, &dev.token).send().await.unwrap(), 403).await;
    let own = format!("/api/users/{}/totp", admin.id);
    problem(server.delete(&own, &admin.token).send().await.unwrap(), 403).await;
    assert_eq!(server.delete(&reset, &admin.token).send().await.unwrap().status(), 204);
    problem(server.get("/api/auth/me", &dev.token).send().await.unwrap(), 401).await;
    read(server.log_in("dev", PASSWORD).await, 200).await;
}

async fn enrol_again(
    server: &TestServer,
    person: &Person,
    clock: &ManualClock,
) -> (Authenticator, Vec<String>) {
    rewind(server, person).await;
    enrol(server, person, clock).await
}

#[tokio::test]
async fn a_new_password_by_a_link_still_takes_the_code() {
    let (server, clock) = start().await;
    let admin = server.admin().await;
    let dev = server.person("dev", Role::Developer).await;
    enrol(&server, &dev, &clock).await;
    let path = format!("/api/users/{}/password-reset", dev.id);
    let link = server.request(Method::POST, &path).bearer_auth(&admin.token).send().await.unwrap();
    let body = json!({"token": text(&read(link, 201).await["token"]), "password": "mauve kettle of nine"});
    let reset = server.request(Method::POST, "/api/auth/password-reset").json(&body).send().await.unwrap();
    assert_eq!(reset.status(), 204);
    assert_eq!(
        problem(server.log_in("dev", "mauve kettle of nine").await, 401).await["code"],
        "totpRequired"
    );
}

#[tokio::test]
async fn who_must_have_one_can_do_nothing_but_enrol() {
    for (policy, asked, spared) in
        [(RequireTotp::Administrators, "admin", Some("dev")), (RequireTotp::Everybody, "dev", None)]
    {
        let settings = Settings { require_totp: policy, ..Settings::default() };
        let clock = clock();
        let server = TestServer::by_clock(&clock, settings, |_| {}).await;
        people(&server).await;
        let person = server.signed_in(asked).await;
        let me = read(server.get("/api/auth/me", &person.token).send().await.unwrap(), 200).await;
        assert_eq!(me["totpEnrolmentRequired"], true, "{policy:?}");
        for path in ["/api/packages", "/api/auth/sessions", "/api/executions"] {
            let refused = server.get(path, &person.token).send().await.unwrap();
            assert_eq!(problem(refused, 403).await["code"], "totpEnrolmentRequired", "{policy:?} {path}");
        }
        let ticket = server.post("/api/live/tickets", &person.token, &json!({})).send().await.unwrap();
        assert_eq!(problem(ticket, 403).await["code"], "totpEnrolmentRequired");
        enrol(&server, &person, &clock).await;
        read(server.get("/api/packages", &person.token).send().await.unwrap(), 200).await;
        if let Some(spared) = spared {
            let person = server.signed_in(spared).await;
            read(server.get("/api/packages", &person.token).send().await.unwrap(), 200).await;
        }
    }
}

/// A developer, made without an administrator, of whom a second factor may be asked.
async fn people(server: &TestServer) {
    use openautomate_core::command::identity::{InviteUser, RegisterUser};
    use openautomate_core::permission::Actor;
    let invite = InviteUser { email: "dev@example.org".into(), roles: vec![Role::Developer] };
    let made = server.orchestrator.execute(&Actor::system(), invite).await.unwrap();
    let register = RegisterUser {
        username: "dev".into(),
        email: "dev@example.org".into(),
        password: openautomate_core::secret::Secret::new(PASSWORD.into()),
        invitation: Some(made.token),
    };
    server.orchestrator.execute(&Actor::anonymous(), register).await.unwrap();
}
