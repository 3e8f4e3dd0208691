#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <functional>
#include <ostream>

#include "cli/commands.h"
#include "cli/process.h"

namespace sallyport::cli {
namespace {

constexpr const char* kVersion = "0.1.0";

void take_config(CLI::App& command, std::string& config) {
  command
      .add_option("-c,--config", config,
                  "configuration file (default: $SALLYPORT_CONFIG, ./sallyport.yaml, "
                  "/etc/sallyport/sallyport.yaml)")
      ->type_name("FILE");
}

void take_format(CLI::App& command, Format& format, const std::map<std::string, Format>& allowed) {
  command
      .add_option_function<std::string>(
          "-o,--output", [&format, &allowed](const std::string& word) { format = allowed.at(word); }, "output format")
      ->check(CLI::IsMember(allowed))
      ->type_name("FORMAT");
}

const std::map<std::string, Format> kListFormats{{"json", Format::kJson}, {"table", Format::kTable}};
const std::map<std::string, Format> kAllFormats{
    {"json", Format::kJson}, {"table", Format::kTable}, {"yaml", Format::kYaml}};

// Everything a command line can say; lives as long as the parse and the run.
struct Said {
  std::string config;
  std::string kind;
  InitOptions init;
  ApplyOptions apply;
  GetOptions get;
  DeleteOptions remove;
  UserOptions user;
  TokenCreateOptions token;
  TokenRotateOptions rotate;
  SelectOptions select;
  SsoTraceOptions trace;
  SsoTestOptions sso_test;
  RotateSamlOptions rotate_saml;
  AuditListOptions audit;
  KeyStatusOptions key;
  ExplainOptions explain;
  std::function<int()> run;
};

struct Builder {
  CLI::App& app;
  Said& said;
  Terminal& terminal;

  CLI::App* command(CLI::App& parent, const char* name, const char* help, std::function<int()> run) {
    CLI::App* const out = parent.add_subcommand(name, help);
    out->callback([this, run = std::move(run)] { said.run = run; });
    return out;
  }
  CLI::App* group(const char* name, const char* help) {
    CLI::App* const out = app.add_subcommand(name, help);
    out->require_subcommand(1);
    return out;
  }
  void later(CLI::App& parent, const char* name, const char* help) {
    CLI::App* const out = command(parent, name, help, [this, full = parent.get_name() + " " + name] {
      return refuse(terminal, {"`" + full + "` is not in this version"});
    });
    out->allow_extras();
  }

  void first_steps() {
    command(app, "secret", "print a new master key", [this] { return run_secret(terminal); });
    auto* const init = command(app, "init", "make a configuration, keys, certificates and a store",
                               [this] { return run_init(terminal, said.init); });
    init->add_option("--dir", said.init.dir, "folder to make them in (default: .)")->type_name("DIR");
    init->add_option("--domain", said.init.domain, "host name people sign in at")->type_name("HOST");
    init->add_option("--apps", said.init.apps, "domain under which resources live")->type_name("HOST");
    init->add_option("--port", said.init.port, "port of the gate; PORT+1000 is the admin listener")
        ->check(CLI::Range(1, 64535))
        ->type_name("PORT");
    init->add_option("--admin", said.init.admin, "name of the first user")->type_name("NAME");
    auto* const check = command(app, "check", "check a configuration, every mistake at once",
                                [this] { return run_check(terminal, said.config); });
    take_config(*check, said.config);
    auto* const serve = command(app, "serve", "run the gateway", [this] { return run_serve(terminal, said.config); });
    take_config(*serve, said.config);
    auto* const reload = command(app, "reload", "have the running gateway read its configuration again",
                                 [this] { return run_reload(terminal, said.config); });
    take_config(*reload, said.config);
    auto* const schema = command(app, "schema", "print the JSON Schema of a resource kind or of the configuration",
                                 [this] { return run_schema(terminal, said.kind); });
    schema
        ->add_option("KIND", said.kind,
                     "platform, team, user, datasource, instance, service_account, identity_provider or configuration")
        ->required();
  }

  void resources() {
    auto* const apply = command(app, "apply", "bring resources into the state the files say, all or nothing",
                                [this] { return run_apply(terminal, said.apply); });
    take_config(*apply, said.apply.config);
    apply->add_option("-f,--file", said.apply.files, "file with resources, a folder of them, or - for standard input")
        ->required()
        ->type_name("RESOURCES");
    apply->add_flag("--dry-run", said.apply.dry_run, "only print what would change");
    apply->add_flag("--prune", said.apply.prune,
                    "delete what an earlier apply made and the files do not name, never users nor the platform");
    auto* const get = command(app, "get", "show resources", [this] { return run_get(terminal, said.get); });
    take_config(*get, said.get.config);
    get->add_option("KIND", said.get.kind,
                    "platform, team, user, datasource, instance, service_account, identity_provider or all")
        ->required();
    get->add_option("NAME", said.get.name, "one of them");
    take_format(*get, said.get.format, kAllFormats);
    auto* const remove =
        command(app, "delete", "delete a resource", [this] { return run_delete(terminal, said.remove); });
    take_config(*remove, said.remove.config);
    remove->add_option("KIND", said.remove.kind)->required();
    remove->add_option("NAME", said.remove.name)->required();
  }

  void users() {
    auto* const user = group("user", "passwords and suspension of users");
    auto* const passwd = command(*user, "passwd", "set a user's password; ends the user's sessions",
                                 [this] { return run_user_passwd(terminal, said.user); });
    passwd->add_flag("--password-stdin", said.user.password_stdin, "read the password from standard input");
    passwd->add_flag("--must-change", said.user.must_change, "the person has to set another one at the next sign-in");
    auto* const link = command(*user, "reset-link", "print a link with which the person sets a new password, once",
                               [this] { return run_user_reset_link(terminal, said.user); });
    link->add_option("--expires", said.user.expires, "how long it counts, at most 7d (default: 24h)")
        ->type_name("TIME");
    auto* const suspend =
        command(*user, "suspend", "shut a user out at once", [this] { return run_user_suspend(terminal, said.user); });
    auto* const resume = command(*user, "resume", "let a suspended user in again",
                                 [this] { return run_user_resume(terminal, said.user); });
    auto* const reset = command(*user, "mfa-reset", "forget a user's second factors and end the user's sessions",
                                [this] { return run_user_mfa_reset(terminal, said.user); });
    for (CLI::App* const each : {passwd, link, suspend, resume, reset}) {
      take_config(*each, said.user.config);
      each->add_option("NAME", said.user.name, "the user")->required();
    }
  }

  void tokens() {
    auto* const token = group("token", "tokens for programs");
    auto* const create = command(*token, "create", "make a token and print it; it is shown this once",
                                 [this] { return run_token_create(terminal, said.token); });
    take_config(*create, said.token.config);
    auto* const user = create->add_option("--user", said.token.user, "whose rights it has")->type_name("NAME");
    create->add_option("--service-account", said.token.service_account, "the same, of a service account")
        ->type_name("NAME")
        ->excludes(user);
    create->add_option("--name", said.token.name, "what it is called in lists")->required()->type_name("NAME");
    create->add_option("--expires", said.token.expires, "how long it counts: 12h, 30d")->required()->type_name("TIME");
    create->add_option("--team", said.token.team, "only resources of this team")->type_name("TEAM");
    create->add_option("--resource", said.token.resource, "only this resource")->type_name("NAME");
    create->add_flag("--read-only", said.token.read_only, "only GET, HEAD and OPTIONS");
    create->add_option("--path", said.token.path, "only paths under this one")->type_name("PREFIX");
    create->add_option("--network", said.token.networks, "only from these addresses")->type_name("CIDR");
    create->add_flag("--api", said.token.api, "may use the gate's API");
    create->add_flag("--admin", said.token.admin, "may use the user's admin right");
    auto* const list = command(*token, "list", "show tokens", [this] { return run_token_list(terminal, said.select); });
    take_format(*list, said.select.format, kListFormats);
    list->add_option("--resource", said.select.resource, "tokens for this resource alone")->type_name("NAME");
    list->add_flag("--expired", said.select.expired, "tokens that are over");
    auto* const rotate = command(*token, "rotate", "make a token in place of another one and print it",
                                 [this] { return run_token_rotate(terminal, said.rotate); });
    take_config(*rotate, said.rotate.config);
    rotate->add_option("ID,--id", said.rotate.id, "the id from `token list`; needed, in one of both ways")
        ->type_name("ID");
    rotate->add_option("--overlap", said.rotate.overlap, "how long the old one counts on (1h); 0s: not at all")
        ->type_name("TIME");
    rotate->add_option("--expires", said.rotate.expires, "how long the new one counts (as the old one did)")
        ->type_name("TIME");
    auto* const revoke = command(*token, "revoke", "end tokens at once: --id ID, or --user NAME [--name NAME]",
                                 [this] { return run_token_revoke(terminal, said.select); });
    revoke->add_option("ID,--id", said.select.id, "the id from `token list`")->type_name("ID");
    revoke->add_option("--name", said.select.name, "the token's name, with --user")->type_name("NAME");
    for (CLI::App* const each : {list, revoke}) {
      take_config(*each, said.select.config);
      auto* const of = each->add_option("--user", said.select.user, "tokens of this user")->type_name("NAME");
      each->add_option("--service-account", said.select.service_account, "tokens of this service account")
          ->type_name("NAME")
          ->excludes(of);
    }
  }

  void sign_ins_elsewhere() {
    auto* const sso = group("sso", "signing in at identity providers");
    auto* const trace = command(*sso, "trace", "show the last sign-ins at a provider, and why one failed",
                                [this] { return run_sso_trace(terminal, said.trace); });
    take_config(*trace, said.trace.config);
    trace->add_option("NAME", said.trace.name, "the identity provider")->required();
    trace->add_option("--reference", said.trace.reference, "the one a person was told, with every check")
        ->type_name("XXXX-XXXX");
    take_format(*trace, said.trace.format, kListFormats);
    auto* const test = command(*sso, "test", "check a provider as far as that goes without a person",
                               [this] { return run_sso_test(terminal, said.sso_test); });
    take_config(*test, said.sso_test.config);
    test->add_option("NAME", said.sso_test.name, "the identity provider")->required();
    take_format(*test, said.sso_test.format, kListFormats);
  }

  void sessions() {
    auto* const session = group("session", "who is signed in");
    auto* const list =
        command(*session, "list", "show sessions", [this] { return run_session_list(terminal, said.select); });
    take_format(*list, said.select.format, kListFormats);
    auto* const end = command(*session, "end", "end sessions at once: --user NAME or --id ID",
                              [this] { return run_session_end(terminal, said.select); });
    for (CLI::App* const each : {list, end}) {
      take_config(*each, said.select.config);
      auto* const user = each->add_option("--user", said.select.user, "sessions of this user")->type_name("NAME");
      auto* const id = each->add_option("--id", said.select.id, "the id from `session list`")->type_name("ID");
      user->excludes(id);
    }
  }

  void audit_and_keys() {
    auto* const audit = group("audit", "what was done, by whom");
    auto* const list =
        command(*audit, "list", "show the audit log", [this] { return run_audit_list(terminal, said.audit); });
    take_config(*list, said.audit.config);
    list->add_option("--since", said.audit.since, "2h, 7d, or a time such as 2026-01-31T12:00:00Z")->type_name("TIME");
    list->add_option("--resource", said.audit.resource, "entries about this resource")->type_name("NAME");
    list->add_option("--user", said.audit.user, "entries about this user")->type_name("NAME");
    list->add_option("-n", said.audit.count, "only the newest N")->check(CLI::Range(1, 100000000))->type_name("N");
    take_format(*list, said.audit.format, kListFormats);
    auto* const verify = command(*audit, "verify", "check the chain: `ok N` or `broken SEQ: reason`",
                                 [this] { return run_audit_verify(terminal, said.config); });
    take_config(*verify, said.config);
    later(*audit, "export", "write the audit log for other programs (not in this version)");

    auto* const key = group("key", "the keys that seal secrets and sign");
    auto* const status =
        command(*key, "status", "show which keys there are", [this] { return run_key_status(terminal, said.key); });
    take_config(*status, said.key.config);
    take_format(*status, said.key.format, kListFormats);
    auto* const rotate_jwt = command(*key, "rotate-jwt", "sign what upstreams are told with another key from now on",
                                     [this] { return run_key_rotate_jwt(terminal, said.config); });
    take_config(*rotate_jwt, said.config);
    auto* const rotate_saml =
        command(*key, "rotate-saml", "make another key for SAML, which signs once providers know it",
                [this] { return run_key_rotate_saml(terminal, said.rotate_saml); });
    take_config(*rotate_saml, said.rotate_saml.config);
    rotate_saml->add_option("--after", said.rotate_saml.after, "when it begins to sign (7d); 0s: at once")
        ->type_name("TIME");
    later(*key, "rotate-data", "make a new data key (not in this version)");
    later(*key, "rotate-master", "wrap the data keys anew (not in this version)");
  }

  void explain() {
    auto* const explain = command(app, "explain", "say whether a request would be allowed, and every check on the way",
                                  [this] { return run_explain(terminal, said.explain); });
    take_config(*explain, said.explain.config);
    explain->add_option("--user", said.explain.user, "who is signed in; - or nothing: nobody")->type_name("NAME");
    explain->add_option("--from", said.explain.from, "the client's address")->required()->type_name("ADDRESS");
    explain->add_option("--method", said.explain.method, "GET, POST, ... (default: GET)")->type_name("METHOD");
    explain->add_option("--url", said.explain.url, "what is asked for")->required()->type_name("URL");
    auto* const mfa = explain->add_flag("--mfa", said.explain.mfa, "the session has a second factor, shown just now");
    auto* const age =
        explain->add_option("--mfa-age", said.explain.mfa_age, "it has one, shown so long ago: 10m")->type_name("TIME");
    explain->add_option("--token", said.explain.token, "not a session: this token, by id or by name")
        ->type_name("TOKEN")
        ->excludes(mfa)
        ->excludes(age);
    explain->add_flag("--websocket", said.explain.websocket, "a WebSocket is to be opened");
    take_format(*explain, said.explain.format, kListFormats);
  }
};

// What is wrong with the words, in ours where CLI11's would mislead: an unknown command, or none.
int wrong_usage(const CLI::App& app, int argc, char** argv, const CLI::ParseError& wrong, Terminal& terminal) {
  const CLI::App* at = &app;
  std::string words = "sallyport";
  std::string unknown;
  for (int i = 1; i < argc && unknown.empty() && !at->get_subcommands({}).empty(); ++i) {
    const std::string word = argv[i];
    if (word == "-c" || word == "--config") ++i;  // its value is no command
    if (word.starts_with('-')) continue;
    const auto inside = at->get_subcommands([&word](const CLI::App* each) { return each->get_name() == word; });
    if (inside.empty()) {
      unknown = word;
    } else {
      at = inside.front();
      words += " " + word;
    }
  }
  const auto commands = at->get_subcommands([](const CLI::App*) { return true; });
  terminal.err << "sallyport: ";
  if (commands.empty()) {
    terminal.err << wrong.what();
  } else {
    terminal.err << (unknown.empty() ? "a command is missing" : "there is no command `" + words + " " + unknown + "`")
                 << "; there are";
    for (const CLI::App* const each : commands) terminal.err << ' ' << each->get_name();
  }
  terminal.err << "\nTry `" << words << " --help`.\n";
  return kWrongUsage;
}

}  // namespace

int run(int argc, char** argv, Terminal& terminal) {
  CLI::App app{"Sallyport: a security gateway in front of the tools and APIs you have", "sallyport"};
  app.set_version_flag("--version", std::string("sallyport ") + kVersion);
  app.require_subcommand(1);
  Said said;
  Builder builder{app, said, terminal};
  builder.first_steps();
  builder.resources();
  builder.users();
  builder.tokens();
  builder.sessions();
  builder.sign_ins_elsewhere();
  builder.audit_and_keys();
  builder.explain();
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    return app.exit(asked, terminal.out, terminal.err) == 0 ? kDone : kWrongUsage;
  } catch (const CLI::ParseError& wrong) {
    return wrong_usage(app, argc, argv, wrong, terminal);
  }
  hide_memory();
  return said.run();
}

}  // namespace sallyport::cli
