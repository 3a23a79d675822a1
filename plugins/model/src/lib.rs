//! Asks an OpenAI-compatible model server what a post is.
//!
//! The text of a post is hostile: it may give the model orders. So whatever the model answers can do no more
//! than suggest labels of that one post, and weakly:
//!
//! - the post stands in the question as one JSON string, apart from the instructions ([`prompt`]);
//! - the host asks about one post at a time, and which post an answer is about is said by the question's own context;
//! - the answer must be one JSON object of the schema; labels that are not declared, scores that are no
//!   chances and excerpts that the post does not hold are dropped, and a label without an excerpt with them ([`answer`]);
//! - no score is above [`answer::SUREST`], since nobody has calibrated it.
//!
//! What this gave up: answers that stream, tools, pictures, and asking about several posts at once, which would
//! cost less and let one post speak of another.

pub mod answer;
pub mod prompt;

use caifeng_plugin_sdk::{Asker, Failure, Kind, Label, Post, Request, Response, Settings, export_asker};

/// The step that reads answers.
const STEP: &str = "chat";

/// The plugin.
#[derive(Debug)]
pub struct Model;

impl Asker for Model {
    fn ask(settings: &Settings, posts: &[Post]) -> Result<Vec<Request>, Failure> {
        let setting = |name: &str| settings.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
        let endpoint = setting("endpoint");
        if !(endpoint.starts_with("https://") || endpoint.starts_with("http://")) {
            return Err(Failure::unsupported(format!(
                "endpoint: write the whole address, such as https://models.example/v1/chat/completions: {endpoint}"
            )));
        }
        if setting("model").trim().is_empty() {
            return Err(Failure::unsupported("model: write what the server calls its model"));
        }
        let tokens: u32 =
            setting("max-tokens").parse().ok().filter(|tokens| (50..=4_000).contains(tokens)).ok_or_else(|| {
                Failure::unsupported(format!("max-tokens: a number from 50 to 4000: {}", setting("max-tokens")))
            })?;
        let asked = posts.iter().enumerate().filter(|(_, post)| prompt::says_something(post));
        Ok(asked
            .map(|(number, post)| {
                let body = prompt::body(setting("model"), tokens, setting("json-mode") == "true", post);
                let request = Request::post(STEP, endpoint, "application/json", body);
                Request { context: number.to_string(), ..request }
            })
            .collect())
    }

    fn read(
        _settings: &Settings,
        posts: &[Post],
        request: &Request,
        response: &Response,
    ) -> Result<Vec<Vec<Label>>, Failure> {
        response.check_status().map_err(answer::refused)?;
        // A recorded answer that comes without a context is about the first.
        let about = if request.context.is_empty() { 0 } else { request.context.parse::<usize>()? };
        let post = posts.get(about).ok_or_else(|| Failure::unexpected("an answer about a post that is not here"))?;
        let labels = answer::read(&response.body, post)?;
        let mut lists = vec![Vec::new(); posts.len()];
        lists[about] = labels;
        Ok(lists)
    }

    fn warm() {
        let settings = [("endpoint", "https://models.example/v1"), ("model", "m"), ("max-tokens", "500")];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let mut post = Post::new(Kind::Post, "1", "https://example.cn/");
        post.text = "幸福路的路灯坏了半个月".to_owned();
        let posts = [post];
        let Ok(requests) = Self::ask(&settings, &posts) else { return };
        for request in requests {
            let body = include_str!("../fixtures/problem/body.json").to_owned();
            let response = Response { url: request.url.clone(), status: 200, headers: Vec::new(), body, fetched: 0 };
            let _ = Self::read(&settings, &posts, &request, &response);
        }
    }
}

export_asker!(Model);

/// The allocator of the C library that `std` has here costs a good part of a call.
#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
