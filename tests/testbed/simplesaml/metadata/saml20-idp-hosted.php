<?php
$bed = json_decode(file_get_contents(getenv('SAML_BED') . '/bed.json'), true);
$binding = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-';
$persistent = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent';
$metadata[$bed['base']] = [
    'host' => '__DEFAULT__',
    'auth' => 'people',
    'privatekey' => $bed['signs'] . '.key',
    'certificate' => $bed['signs'] . '.crt',
    'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    'SingleSignOnServiceBinding' => array_map(fn ($name) => $binding . $name, $bed['bindings']),
    'SingleLogoutServiceBinding' => [$binding . 'Redirect', $binding . 'POST'],
    'redirect.sign' => true,
    'sign.logout' => true,
    'attributes.NameFormat' => 'urn:oasis:names:tc:SAML:2.0:attrname-format:basic',
    'NameIDFormat' => [$persistent],
    'authproc' => [
        3 => ['class' => 'saml:AttributeNameID', 'attribute' => 'mail', 'Format' => 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress'],
        4 => ['class' => 'saml:TransientNameID'],
        5 => ['class' => 'saml:PersistentNameID', 'attribute' => 'uid'],
    ],
];
if ($bed['announces']) {  // the key of the day after tomorrow
    $metadata[$bed['base']] += ['new_privatekey' => $bed['announces'] . '.key', 'new_certificate' => $bed['announces'] . '.crt'];
}
if ($bed['authenticated_before']) {
    $metadata[$bed['base']]['authproc'][6] = [
        'class' => 'core:PHP',
        'code' => '$state["AuthnInstant"] = ($state["AuthnInstant"] ?? time()) - ' . $bed['authenticated_before'] . ';',
    ];
}
