"""Asks this project's server with OpenAI's own client: what other tools would do.

    python openai_client.py ADDRESS TOKEN IMAGE

Prints one JSON object.
"""

import base64
import json
import sys

import openai

address, token, image = sys.argv[1:4]
client = openai.OpenAI(base_url=address, api_key=token, max_retries=0, timeout=60)
model = client.models.list().data[0].id
with open(image, "rb") as file:
    url = "data:image/png;base64," + base64.b64encode(file.read()).decode()
content = [
    {"type": "text", "text": "What is in this image?"},
    {"type": "image_url", "image_url": {"url": url}},
]
question = {
    "model": model,
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": content}],
    "max_tokens": 12,
    "temperature": 0.9,
    "seed": 3,
}
whole = client.chat.completions.create(**question)
words = []
usage = None
for chunk in client.chat.completions.create(**question, stream=True, stream_options={"include_usage": True}):
    usage = chunk.usage or usage
    words += [choice.delta.content or "" for choice in chunk.choices]


def refused(call):
    try:
        call()
    except openai.APIStatusError as error:
        return {"type": type(error).__name__, "status": error.status_code, "code": error.code}
    return None


other = openai.OpenAI(base_url=address, api_key="wrong", max_retries=0)
remote = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://127.0.0.1:9/x.png"}}]}]
print(
    json.dumps(
        {
            "client": openai.__version__,
            "model": model,
            "same": "".join(words).strip() == whole.choices[0].message.content,
            "finish": whole.choices[0].finish_reason,
            "usage": whole.usage.model_dump(include={"prompt_tokens", "completion_tokens", "total_tokens"}),
            "streamedUsage": usage.model_dump(include={"prompt_tokens", "completion_tokens", "total_tokens"}),
            "wrongToken": refused(lambda: other.models.list()),
            "wrongModel": refused(lambda: client.chat.completions.create(**{**question, "model": "gpt-4o"})),
            "remoteImage": refused(lambda: client.chat.completions.create(model=model, messages=remote)),
            "tooHot": refused(lambda: client.chat.completions.create(**{**question, "temperature": 3})),
            "picture": refused(lambda: client.images.generate(prompt="a lamp", response_format="b64_json")),
        }
    )
)
