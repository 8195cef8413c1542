import texts from './en/authenticator.json';
import { add } from './all';

add({ authenticator: texts });
