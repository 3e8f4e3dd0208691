<?php
$config = ['people' => ['exampleauth:UserPass'] + json_decode(file_get_contents(getenv('SAML_BED') . '/bed.json'), true)['people']];
