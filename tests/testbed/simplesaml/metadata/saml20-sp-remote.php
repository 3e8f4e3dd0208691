<?php
// Every sp/NAME.xml is a service provider's own metadata; sp/NAME.json: what this side does for it (SimpleSAMLphp's options).
foreach (glob(getenv('SAML_BED') . '/sp/*.xml') as $file) {
    foreach (\SimpleSAML\Metadata\SAMLParser::parseDescriptorsFile($file) as $id => $parsed) {
        $options = json_decode(file_get_contents(substr($file, 0, -4) . '.json'), true);
        $metadata[$id] = array_merge($parsed->getMetadata20SP(), $options);
    }
}
