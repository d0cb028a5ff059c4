#include "client/transfer/html_page.h"

#include <fmt/format.h>

#include "absl/strings/escaping.h"
#include "client/transfer/html_text.h"
#include "crypto/primitives/hash.h"

namespace labyrinth::client {
namespace {

// Names keep at least 4.5:1 against their background in both schemes.
constexpr std::string_view kStyle = R"(
:root{color-scheme:light dark;--bg:#f4f5f7;--card:#fff;--ink:#1b1f24;--soft:#5b6470;--line:#dde1e6;--link:#0b57d0;
--c0:#a3124f;--c1:#0f5fa8;--c2:#1d6b32;--c3:#7a4a00;--c4:#5b3fb0;--c5:#00696b;--c6:#a0330f;--c7:#4a5568}
@media(prefers-color-scheme:dark){:root{--bg:#14171b;--card:#1e2329;--ink:#e6e9ed;--soft:#9aa4b0;--line:#303740;
--link:#8ab4f8;--c0:#f48fb1;--c1:#8ab4f8;--c2:#81c995;--c3:#e6b566;--c4:#b8a5f5;--c5:#6fd0d2;--c6:#f5a58a;--c7:#b6c0cc}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",
"DejaVu Sans",sans-serif,"Noto Color Emoji","Apple Color Emoji";-webkit-text-size-adjust:100%}
main,header,footer{max-width:46rem;margin:0 auto;padding:0 1rem}
header{padding-top:1.5rem;padding-bottom:.75rem}
h1{font-size:1.5rem;line-height:1.25;margin:.25rem 0;overflow-wrap:anywhere}
a{color:var(--link);text-decoration:none}a:hover,a:focus{text-decoration:underline}
.soft,footer{color:var(--soft);font-size:.875rem}
footer{padding-top:1rem;padding-bottom:2rem}
.threads{list-style:none;margin:0;padding:0;background:var(--card);border:1px solid var(--line);border-radius:12px;overflow:hidden}
.threads li+li{border-top:1px solid var(--line)}
.threads a{display:block;padding:.7rem 1rem;color:inherit}
.threads a:hover,.threads a:focus{background:var(--bg);text-decoration:none}
.row{display:flex;gap:.75rem;align-items:baseline;justify-content:space-between}
.name{font-weight:600;overflow-wrap:anywhere;min-width:0}
.row time{flex:none}
.last{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
nav{display:flex;flex-wrap:wrap;gap:.25rem .9rem;align-items:center;margin:.5rem 0}
nav a:first-child{flex-basis:100%}nav span{color:var(--soft)}
.day{text-align:center;margin:1.5rem 0 .75rem;font-size:.8125rem;font-weight:600;color:var(--soft);
position:sticky;top:0;background:var(--bg);padding:.3rem 0;z-index:1}
.log{list-style:none;margin:0;padding:0}
.m{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:.3rem .75rem;margin-top:2px;
display:grid;grid-template-columns:1fr auto;column-gap:.75rem}
.m.first{border-top-left-radius:12px;border-top-right-radius:12px;margin-top:.6rem;padding-top:.5rem}
.m.end{border-bottom-left-radius:12px;border-bottom-right-radius:12px;padding-bottom:.5rem}
.who{grid-column:1/-1;font-weight:600;font-size:.9rem;overflow-wrap:anywhere}
.text{white-space:pre-wrap;overflow-wrap:anywhere;min-width:0}
.at{color:var(--soft);font-size:.75rem;align-self:end;line-height:1.9;font-variant-numeric:tabular-nums}
.files,.notes{grid-column:1/-1;list-style:none;margin:.15rem 0 0;padding:0;font-size:.875rem;overflow-wrap:anywhere}
.files li::before{content:"\1F4CE\FE0E\00a0";color:var(--soft)}
.notes{color:var(--soft);font-size:.8125rem;font-style:italic}
.c0{color:var(--c0)}.c1{color:var(--c1)}.c2{color:var(--c2)}.c3{color:var(--c3)}
.c4{color:var(--c4)}.c5{color:var(--c5)}.c6{color:var(--c6)}.c7{color:var(--c7)}
@media(max-width:30rem){main,header,footer{padding-left:.6rem;padding-right:.6rem}h1{font-size:1.25rem}}
@media print{body{background:#fff}.m,.threads{border-color:#ccc;break-inside:avoid}.day{position:static}nav{display:none}}
)";

std::string StyleHash() {
  const crypto::Sha256Digest digest = crypto::Sha256(kStyle);
  return absl::Base64Escape({digest.view().data(), digest.view().size()});
}

}  // namespace

std::string HtmlHead(std::string_view title) {
  static const std::string kHash = StyleHash();
  return fmt::format(
      "<!doctype html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{}'; "
      "base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n",
      kHash, EscapeHtml(title), kStyle);
}

std::string HtmlFoot(std::string_view zone_name) {
  return fmt::format("<footer>Times are those of {}.</footer>\n</body>\n</html>\n", EscapeHtml(zone_name));
}

}  // namespace labyrinth::client
