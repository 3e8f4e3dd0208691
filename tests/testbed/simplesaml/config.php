<?php
// SimpleSAMLphp as an identity provider, for simplesaml_provider.py. What differs from run to run is in the folder
// SAML_BED: bed.json, which is read at every request, keys/ and sp/. What is not here has SimpleSAMLphp's own default.
$folder = getenv('SAML_BED');
$bed = json_decode(file_get_contents("$folder/bed.json"), true);
$config = [
    'baseurlpath' => $bed['base'],
    'certdir' => "$folder/keys/",
    'loggingdir' => "$folder/log/",
    'datadir' => "$folder/data/",
    'tempdir' => "$folder/tmp",
    'metadatadir' => __DIR__ . '/metadata/',
    'attributenamemapdir' => '/etc/simplesamlphp/attributemap/',
    'metadata.sources' => [['type' => 'flatfile']],
    'secretsalt' => $bed['salt'],
    'auth.adminpassword' => $bed['salt'],
    'technicalcontact_name' => 'nobody',
    'technicalcontact_email' => 'na@example.org',
    'timezone' => 'UTC',
    'enable.saml20-idp' => true,
    'module.enable' => ['core' => true, 'saml' => true, 'exampleauth' => true],
    'store.type' => 'phpsession',
    'session.cookie.name' => 'Session' . $bed['port'],  // cookies know no ports: each provider has names of its own
    'session.cookie.secure' => true,
    'session.cookie.samesite' => 'None',
    'session.phpsession.cookiename' => 'Php' . $bed['port'],
    'session.phpsession.savepath' => "$folder/sessions",
    'session.phpsession.httponly' => true,
    'session.authtoken.cookiename' => 'Token' . $bed['port'],
    'language.available' => ['en'],
    'language.default' => 'en',
    'theme.use' => 'default',
    'logging.handler' => 'file',
    'logging.level' => 6,
    'logging.logfile' => 'simplesaml.log',
    'showerrors' => true,
    'errorreporting' => false,
    'debug' => ['saml' => false, 'backtraces' => true, 'validatexml' => false],
];
